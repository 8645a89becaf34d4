"""`python -m benchmarks`: run lanes (the default), record the mirror, serve it, compare two environments."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from benchmarks.scenarios import ALL_LANES, DEFAULT_LANES, LANES, TOOLS, Line
from benchmarks.sets import ALL_SETS, DEFAULT_SETS, RECORDED, SETS
from benchmarks.upstream import DEFAULT_INDEX


def main(arguments: list[str]) -> int:
    """Do what ``arguments`` say; return the exit code."""
    options = _parser().parse_args(arguments if arguments[:1] and arguments[0] in _COMMANDS else ["run", *arguments])
    return _COMMANDS[options.command](options)


def _run(options: argparse.Namespace) -> int:
    from benchmarks.report import write_results  # noqa: PLC0415 - the server starts without what it does not use
    from benchmarks.run import Plan, run  # noqa: PLC0415

    plan = Plan(
        lanes=_chosen(options.lanes, LANES, DEFAULT_LANES, ALL_LANES),
        sets=_chosen(options.sets, SETS, DEFAULT_SETS, ALL_SETS),
        tools=_chosen(options.tools, dict.fromkeys(TOOLS), TOOLS),
        rounds=options.rounds,
        peer_rounds=options.peer_rounds,
        root=options.root,
        index_url=options.index_url,
    )
    return write_results(run(plan), table=options.table)


def _table(options: argparse.Namespace) -> int:
    from benchmarks.report import merged, read_results, write_table  # noqa: PLC0415

    write_table(merged([read_results(path) for path in options.files]))
    return 0


def _record(options: argparse.Namespace) -> int:
    from benchmarks.record import record  # noqa: PLC0415

    for name in _chosen(options.set, RECORDED, DEFAULT_SETS):
        record(name, _chosen(options.tools, dict.fromkeys(TOOLS), ("uv", "pip")), options.root)
    return 0


def _resolve(options: argparse.Namespace) -> int:
    from benchmarks.report import write_resolutions  # noqa: PLC0415
    from benchmarks.resolution_cases import CASES  # noqa: PLC0415
    from benchmarks.resolutions import run_resolutions  # noqa: PLC0415

    results = run_resolutions(
        _chosen(options.cases, CASES, tuple(CASES)),
        _chosen(options.tools, dict.fromkeys(TOOLS), TOOLS),
        rounds=options.rounds,
        record=options.record,
    )
    write_resolutions(results, table=options.table)
    answers = [answer for case in results.cases.values() for answer in case.values()]
    return int(any(answer.problems for answer in answers))


def _growth(options: argparse.Namespace) -> int:
    from benchmarks.growth import CURVES, measure_growth, write_growth  # noqa: PLC0415

    names = _chosen(options.curves, CURVES, tuple(CURVES))
    tools = _chosen(options.tools, dict.fromkeys(TOOLS), TOOLS)
    write_growth(measure_growth(names, tools, options.rounds, options.root), table=options.table)
    return 0


def _floors(options: argparse.Namespace) -> int:
    from benchmarks.floors import measure_floors, write_floors  # noqa: PLC0415

    write_floors(*measure_floors(options.set, options.root), with_table=options.table)
    return 0


def _serve(options: argparse.Namespace) -> int:
    from benchmarks.serve import MIRROR, serve  # noqa: PLC0415

    line = None
    if options.throttle_mbit or options.rtt_ms or options.connection_mbit:
        line = Line(
            mbit_per_second=options.throttle_mbit or 10_000,
            round_trip_ms=options.rtt_ms,
            connection_mbit_per_second=options.connection_mbit or None,
        )
    root = options.mirror or MIRROR
    certificate = options.certificate
    serve(
        options.port, record=options.record, index_url=options.index_url, line=line, root=root, certificate=certificate
    )
    return 0


def _compare(options: argparse.Namespace) -> int:
    from benchmarks.compare import compare, read_environment  # noqa: PLC0415

    differences = compare(read_environment(options.first), read_environment(options.second))
    for difference in differences:
        print(difference)
    return 1 if differences else 0


def _chosen(text: str | None, known: object, default: tuple[str, ...], everything: tuple[str, ...] = ()) -> list[str]:
    """Return the names in a comma-separated list; end the program where one is unknown."""
    names = [name for name in (text or "").replace(",", " ").split() if name] or list(default)
    names = list(everything or known) if names == ["all"] and isinstance(known, dict) else names
    for name in names:
        if isinstance(known, dict) and name not in known:
            raise SystemExit(f"unknown: {name}; there are {', '.join(known)}")
    return names


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    running = commands.add_parser("run", help="time lanes (what happens without a command)")
    running.add_argument("--lanes", help=f"of {', '.join(LANES)}; or all; default: {','.join(DEFAULT_LANES)}")
    running.add_argument("--sets", help=f"of {', '.join(SETS)}; or all; default: heavy26,one")
    running.add_argument("--tools", help=f"of {', '.join(TOOLS)}; the first is what others are compared with")
    running.add_argument("--rounds", type=int, default=7)
    running.add_argument("--peer-rounds", type=int, default=2, help="rounds in which pip takes part: it is slow")
    running.add_argument("--root", type=Path, help="where environments and caches go; default: /dev/shm, else tmp")
    running.add_argument("--index-url", help="measure against this index instead of the mirror")
    running.add_argument("--table", action="store_true", help="write benchmarks/RESULTS.md")
    tabling = commands.add_parser("table", help="write benchmarks/RESULTS.md of the JSON files of several runs")
    tabling.add_argument("files", nargs="+", type=Path, help="a lane that is in several of them is taken from the last")
    recording = commands.add_parser("record", help="fill the mirror (needs the network, once)")
    recording.add_argument("--set", "--sets", help="default: heavy26,one")
    recording.add_argument("--tools", help="whose requests are recorded; default: uv,pip")
    recording.add_argument("--root", type=Path, help="where throwaway environments go")
    resolving = commands.add_parser("resolve", help="ask the questions that resolvers find hard, and check the answers")
    resolving.add_argument("--cases", help="default: all in resolution_cases.py")
    resolving.add_argument("--tools", help=f"of {', '.join(TOOLS)}; the first is what others are compared with")
    resolving.add_argument("--rounds", type=int, default=3, help="pip runs once")
    resolving.add_argument("--record", action="store_true", help="fetch what is not in the mirror, once")
    resolving.add_argument("--table", action="store_true", help="write the section of benchmarks/RESULTS.md")
    growing = commands.add_parser("growth", help="measure how cost grows with what is installed")
    growing.add_argument("--curves", help="default: all of growth.py")
    growing.add_argument("--tools", help=f"of {', '.join(TOOLS)}")
    growing.add_argument("--rounds", type=int, default=3, help="pip runs once, and with 1,000 distributions at most")
    growing.add_argument("--root", type=Path, help="where environments and caches go; default: /dev/shm, else tmp")
    growing.add_argument("--table", action="store_true", help="write the section of benchmarks/RESULTS.md, and plots")
    flooring = commands.add_parser("floors", help="measure what no program can leave out of the work")
    flooring.add_argument("--set", default=DEFAULT_SETS[0], help=f"default: {DEFAULT_SETS[0]}")
    flooring.add_argument("--root", type=Path, help="where files are written; default: /dev/shm, else tmp")
    flooring.add_argument("--table", action="store_true", help="write the section of benchmarks/RESULTS.md")
    serving = commands.add_parser("serve", help="serve the mirror on loopback")
    serving.add_argument("--port", type=int, default=8801)
    serving.add_argument("--record", action="store_true", help="fetch what is missing from the real index, once")
    serving.add_argument("--index-url", default=DEFAULT_INDEX, help="the real index")
    serving.add_argument("--throttle-mbit", type=float, default=0.0, help="bandwidth shared by all connections")
    serving.add_argument("--rtt-ms", type=float, default=0.0, help="delay of every answer, and of every connection")
    serving.add_argument("--connection-mbit", type=float, default=0.0, help="bandwidth of each connection")
    serving.add_argument("--mirror", type=Path, help="directory of what is served; default: what was recorded")
    serving.add_argument("--certificate", type=Path, help="PEM file with key and certificate: serve by HTTPS")
    comparing = commands.add_parser("compare", help="do two environments hold the same files?")
    comparing.add_argument("first", type=Path)
    comparing.add_argument("second", type=Path)
    return parser


_COMMANDS = {
    "run": _run,
    "table": _table,
    "record": _record,
    "resolve": _resolve,
    "growth": _growth,
    "floors": _floors,
    "serve": _serve,
    "compare": _compare,
}

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
