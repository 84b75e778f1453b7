"""Makes a service of sersync on this host: systemd units, or an rc script without systemd."""
