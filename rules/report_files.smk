"""What reports read and write, and what of it `all` makes. No rules here."""


def imported_files():
    """Those that are there; the report names the key of one that is not."""
    named = [os.path.expanduser(file.path) for file in CONFIG.active_imports.values()]
    return [file for file in named if os.path.isfile(file)]


REPORT_INPUTS = {
    "config": "<results>/config.json",
    "runs_table": "<results>/tables/runs.parquet",
    "repeats_table": "<results>/tables/repeats.parquet",
    "labels": expand("<results>/labels/{study}.parquet", study=STUDIES),
    "runs": [f"<results>/runs/{run.id}/{name}" for run in RUNS.values() for name in RECORDS],
    "runs_of_study": files_of_study(
        "measurement.json", "environment.json", "steps.parquet", "hardware.parquet"
    ),
    "load_points": lambda wildcards: [
        f"<results>/serving/{run.id}/{name}" for run in loads_of_study(wildcards) for name in SERVED
    ],
    "offline_runs": lambda wildcards: [
        f"<results>/runs/{run.id}/{name}"
        for run in runs_beside(loads_of_study(wildcards), RUNS.values())
        for name in RECORDS
    ],
    "serving_tables": expand("<results>/tables/serving_{study}.csv", study=CONFIG.serving.active_studies),
    "imported_files": imported_files(),
    "published_serving": committed("docs/reference/h800/serving.csv"),
    "gemm": [f"<results>/gemm/{model}.json" for model in CONFIG.gemm.models],
    "verdict": "<results>/verdict.json",
    "shown": lambda wildcards: targets_of_all(but=FILES),
}


def inputs_of(kind):
    """A report's inputs by name."""
    known = {**REPORT_INPUTS, "captures": captures_of_config(kind.profilers)}
    return {name: known[name] for name in kind.reads}


def outputs_of(kind):
    """A report's outputs by name; what the HTML report shows, with its heading and caption."""

    def shown(path, how, **more):
        caption = f"../report/{how.caption}.rst"
        if how.subcategory:
            more["subcategory"] = how.subcategory
        return report(path, category=how.category, labels=how.labels, caption=caption, **more)

    files = {}
    if kind.page:
        page, *tables = (f"<results>/tables/{name}" for name in kind.tables)
        files |= {"page": shown(page, kind.page), "tables": tables}
    if kind.figure:
        svg = f"<results>/plots/{kind.stem}.svg"
        files |= {"svg": shown(svg, kind.figure), "png": f"<results>/plots/{kind.stem}.png"}
    if kind.folder:
        folder = directory(f"<results>/timelines/{kind.stem}")
        files["timelines"] = shown(folder, kind.folder, patterns=[kind.folder_pattern])
    if kind.file:
        files["file"] = f"<results>/{kind.file}"
    return files


def folder_of_results(output):
    """The folder of results, from a report's first output."""
    parents = Path(output).parents
    return str(parents[0] if os.path.basename(output) in FILES else parents[1])


def stamp_beside(kind):
    """What profilers found, which a page shows where it is there: as an input `all` would have it made."""
    pages = [f"tables/{each.stem}.html" for each in REPORTS if each.profilers and kind.file]
    return lambda wildcards: stamp_of_those_there(
        [os.path.join(results_folder(workflow), page) for page in pages]
    )


def targets_of_all(but=()):
    """What every report shows that is asked for, for each study that it is about; of profiles there is a target of its own."""
    studies = {"{study}": STUDIES, "{serving_study}": CONFIG.serving.active_studies}
    return [
        f"<results>/{target}"
        for kind in REPORTS
        if kind.is_asked_for(CONFIG)
        for study in studies.get(kind.wildcard, [""])
        for target in kind.targets(study)
        if target not in but
    ]
