function openCell(row) { update({ cell: cellOf(row).key }); }
function closeCell() { update({ cell: "" }); }
function showDrawer() {}
