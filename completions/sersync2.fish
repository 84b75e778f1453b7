# Made by `python -m sersync.cli.reference`; do not edit.
complete -c sersync2 -f
complete -c sersync2 -s d -d 'Run in the background; returns when everything is watched.'
complete -c sersync2 -s r -d 'First compare everything with the targets, and delete there what is not here.'
complete -c sersync2 -s o -r -F -d 'The configuration, confxml.xml in this directory if unset; a sersync.toml will do too.'
complete -c sersync2 -s n -x -d 'At most N transfers to a target at the same time.'
complete -c sersync2 -s m -x -a 'command socket refreshCDN http' -d 'Run the plugin only, and carry nothing: command, socket, refreshCDN or http.'
complete -c sersync2 -s h -d 'Show this.'
