"""The kit that every report is made with: pages, tables, wording, the look of figures."""
