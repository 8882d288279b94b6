const stub = (title) => ({ title, build: (root) => { fill(root, nothing("…")); return () => {}; } });
const MODEL_VIEW = stub("Models"), FINDINGS_VIEW = stub("Findings"), CHANGES_VIEW = stub("Changes"), COVERAGE_VIEW = stub("Coverage"), RUN_VIEW = stub("Run");
function placeList(place) { return () => fill(place, nothing("…")); }
