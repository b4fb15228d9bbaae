"""Files and folders as a stranger may have left them: read strictly, removed safely."""
