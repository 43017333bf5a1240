"""What the scripts have counted, as it is read: tallies and vitals of a queue, histograms, and the statistics made of
them (``tallying.py`` names what is counted)."""
