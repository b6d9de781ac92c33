"""A small Splunk Web for Dashboard Studio: pages, search jobs, and as much SPL as our pages need."""
