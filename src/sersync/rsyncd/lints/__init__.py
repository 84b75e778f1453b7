"""What is wrong with an rsyncd.conf for a target of mirrors: one file for each kind of trouble."""
