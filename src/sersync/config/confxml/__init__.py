"""The configuration of sersync 2.5 (confxml.xml), read into the settings of this one."""
