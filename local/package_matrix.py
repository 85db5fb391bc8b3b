"""Print which package of the domain imports which: a row imports the columns marked with ●.

`python -m local.package_matrix`. Packages are listed from the steps down to the model, so every mark stands
to the right of the diagonal: there is no circle. `make check` enforces it (import-linter, `pyproject.toml`).
"""

from graphlib import TopologicalSorter

import grimp

ROOT = "lipdrop"


def imports() -> dict[str, set[str]]:
    """Return the packages that each package of the domain imports, itself excepted."""
    graph = grimp.build_graph(ROOT, cache_dir=None)
    found: dict[str, set[str]] = {name.partition(".")[2]: set() for name in graph.find_children(ROOT)}
    for module in graph.modules - {ROOT}:
        importer = module.split(".")[1]
        for imported in graph.find_modules_directly_imported_by(module) - {ROOT}:
            found[importer].add(imported.split(".")[1])
    return {importer: imported - {importer} for importer, imported in found.items()}


def matrix(found: dict[str, set[str]]) -> str:
    """Return the matrix as text; raises graphlib.CycleError if the packages import in a circle."""
    upwards = TopologicalSorter({name: sorted(found[name]) for name in sorted(found)}).static_order()
    order = list(upwards)[::-1]
    width = max(map(len, order))
    header = " " * width + "".join(f" {number:>2}" for number in range(1, len(order) + 1))
    rows = [
        "".join(
            [f"{name:<{width}}", *("  ●" if other in found[name] else "  ·" for other in order), f" {row:>3}"]
        )
        for row, name in enumerate(order, 1)
    ]
    return "\n".join([header, *rows, f"{len(order)} packages, {sum(map(len, found.values()))} imports"])


if __name__ == "__main__":
    print(matrix(imports()))
