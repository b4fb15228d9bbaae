"""report.html: the comparison as one file that needs no network and can be mailed."""
