"""What the scripts have counted, as it is read: tallies of a queue, histograms, and the statistics made of them
(``commands/layout.py`` names what is counted)."""
