"""What the scripts have counted, as it is read: the counters of a queue, histograms, and the statistics made of them
(``commands/layout.py`` names what is counted)."""
