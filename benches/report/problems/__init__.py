"""One module for each problem; `benches.report.catalogue` has them in the order of the page."""
