"""The page that shows results of runs: loading them, the document that the page reads, and what is made of it."""
