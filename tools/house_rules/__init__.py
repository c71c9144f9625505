"""The house rules that no ready-made tool checks, as a small checker of syntax trees.

Run as `python -m tools.house_rules` (`make check-house`). A rule has a stable id, and its words say what to
do instead. Where a rule is wrong for once, the line (or the one above) says so: `# house: OMB003 <reason>`.
A waiver without a reason, or with nothing to waive, is itself a finding. The rules are in `database` and
`hygiene`; a file and its waivers in `source`; what is searched and printed in `__main__`.
"""
