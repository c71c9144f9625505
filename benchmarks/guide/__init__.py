"""Side by side: the guide's code, Ombud through its public functions, and the best SQL that we know.

    ombud bench --tickets 10000            # a table
    ombud bench --tickets 10000 --json     # for programs

One scratch server (the embedded PostgreSQL, durable settings) holds the same made-up tickets three times: in the
guide's schema, in a copy with every index and roll-up that its queries could wish for, and in Ombud's. Each case
runs on all sides in turns, in one run, one connection a side, and the medians stand beside each other.

`sql/` makes the data; `databases` and `loading` put it in place; `guide_side`, `best_side` and `ombud_side` ask;
the `cases_...` say what is asked; `timing` measures; `table` says it.
"""
