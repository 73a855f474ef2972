# SPDX-License-Identifier: Apache-2.0
"""The tables: medians and ratios, processor time and memory, goals."""

import statistics


def median(samples, key):
    values = [sample[key] for sample in samples if key in sample]
    return statistics.median(values) if values else None


def show(value):
    if value is None:
        return "-"
    if value >= 1000:
        return "%.0f" % value
    return "%.3g" % value


def ratio(mine, theirs):
    if not mine or not theirs:
        return "-"
    return show(mine / theirs) + "x"


def print_lines(lines):
    widths = [max(len(line[i]) for line in lines)
              for i in range(len(lines[0]))]
    for line in lines:
        cells = [line[0].ljust(widths[0])]
        cells += [cell.rjust(width)
                  for cell, width in zip(line[1:], widths[1:])]
        print("  ".join(cells).rstrip())
    print()


def print_key(chosen, samples, names, key, unit_of):
    """One table: the medians of a key, and Berth's ratio to the others."""
    others = [name for name in names if name != "berth"]
    if "berth" not in names:
        others = []
    lines = [["row", unit_of(None)] + names + ["/" + n for n in others]]
    for row in chosen:
        values = {name: median(samples[row.name].get(name, []), key)
                  for name in names}
        if all(value is None for value in values.values()):
            continue
        lines.append([row.name, unit_of(row)] +
                     [show(values[name]) for name in names] +
                     [ratio(values["berth"], values[name])
                      for name in others])
    if len(lines) > 1:
        print_lines(lines)


def print_goals(chosen, samples):
    """Which must-goals of this run are reached, and which are not."""
    reached = short = 0
    for row in chosen:
        for goal in row.goals:
            state = goal.reached(
                lambda name, key, row=row: median(
                    samples[row.name].get(name, []), key))
            if state is None:
                continue
            reached += state
            short += not state
            if not state:
                print("short of a goal: %s: %s" % (row.name, goal))
    if reached + short:
        print("%d goals reached, %d not" % (reached, short))


def print_notes(chosen, samples):
    for row in chosen:
        for name, taken in samples[row.name].items():
            if any(not sample.get("uploads_outlasted", True)
                   for sample in taken):
                print("# %s, %s: uploads ended before the measurement"
                      % (row.name, name))
            closed = max(sample.get("closed", 0) for sample in taken)
            if closed:
                print("# %s, %s: %d were closed meanwhile"
                      % (row.name, name, closed))


def print_all(chosen, samples, names):
    print()
    print_key(chosen, samples, names, "value",
              lambda row: row.unit if row else "median")
    print_key(chosen, samples, names, "cpu",
              lambda row: row.cpu_unit if row else "cpu")
    print_key(chosen, samples, names, "rss",
              lambda row: "MB" if row else "peak memory")
    print_key(chosen, samples, names, "rate_share",
              lambda row: "x" if row else "rate beside them")
    print_notes(chosen, samples)
    print_goals(chosen, samples)
