# Completion of sersync2 for bash. Made by `python -m sersync.cli.reference`; do not edit.

_sersync2() {
    local current=${COMP_WORDS[COMP_CWORD]}
    case ${COMP_WORDS[COMP_CWORD-1]} in
        -o)
            compopt -o filenames 2>/dev/null
            mapfile -t COMPREPLY < <(compgen -f -- "$current") ;;
        -m) mapfile -t COMPREPLY < <(compgen -W 'command socket refreshCDN http' -- "$current") ;;
        -n) COMPREPLY=() ;;
        *) mapfile -t COMPREPLY < <(compgen -W '-d -r -o -n -m -h' -- "$current") ;;
    esac
}

complete -F _sersync2 sersync2
