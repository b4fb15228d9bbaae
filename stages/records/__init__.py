"""The schemas of the JSON artifacts, one module for each stage that writes one."""
