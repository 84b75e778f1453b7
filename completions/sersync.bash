# Completion of sersync for bash. Made by `python -m sersync.cli.reference`; do not edit.

_sersync() {
    local current=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD-1]}
    local command=sersync words='' paths='' index
    # The command is as long as its words are known ones; options may stand between.
    for ((index = 1; index < COMP_CWORD; index++)); do
        _sersync_words "$command"
        case " $words " in
            *" ${COMP_WORDS[index]} "*)
                [[ ${COMP_WORDS[index]} == -* ]] || command+=" ${COMP_WORDS[index]}" ;;
        esac
    done
    _sersync_words "$command"
    if [[ $before == -* && " $paths " == *" $before "* ]] \
        || [[ $current != -* && " $paths " == *" ARGUMENT "* ]]; then
        compopt -o filenames 2>/dev/null
        mapfile -t COMPREPLY < <(compgen -f -- "$current")
    else
        mapfile -t COMPREPLY < <(compgen -W "$words" -- "$current")
    fi
}

_sersync_words() {
    words='' paths=''
    case $1 in
        'sersync')
            words='mirror run demo check convert status top health doctor pause resume resync wait flush explain verify history selftest target service --version --help'
            paths='' ;;
        'sersync mirror')
            words='--once --exclude --no-delete --max-delete --rsync-option --bandwidth --password-file --ca-file --port --identity --rsh --name --state-dir --listen --token-file -q --quiet --json --log-format --help'
            paths='ARGUMENT ARGUMENT --password-file --ca-file --identity --state-dir --token-file' ;;
        'sersync run')
            words='-c --config --once -q --quiet --json --log-format --help'
            paths='-c --config' ;;
        'sersync demo')
            words='--keep --help'
            paths='' ;;
        'sersync check')
            words='-c --config --schema --strict --help'
            paths='-c --config' ;;
        'sersync convert')
            words='-o --output --help'
            paths='ARGUMENT -o --output' ;;
        'sersync status')
            words='--source --target -w --watch --state-dir --json --help'
            paths='--state-dir' ;;
        'sersync top')
            words='--state-dir --help'
            paths='--state-dir' ;;
        'sersync health')
            words='--max-lag --max-pending --state-dir -q --quiet --help'
            paths='--state-dir' ;;
        'sersync doctor')
            words='-c --config --target --source --password-file --ca-file --port --identity --rsh --json --bundle --help'
            paths='-c --config --target --source --password-file --ca-file --identity --bundle' ;;
        'sersync pause')
            words='--source --target --state-dir --json --help'
            paths='--state-dir' ;;
        'sersync resume')
            words='--confirm --source --target --state-dir --json --help'
            paths='--state-dir' ;;
        'sersync resync')
            words='--source --target --state-dir --json --help'
            paths='--state-dir' ;;
        'sersync wait')
            words='--path --timeout --source --target --state-dir --json --help'
            paths='--path --state-dir' ;;
        'sersync flush')
            words='--path --source --target --state-dir --json --help'
            paths='--path --state-dir' ;;
        'sersync explain')
            words='--source --target --no-ask --state-dir --json --help'
            paths='ARGUMENT --state-dir' ;;
        'sersync verify')
            words='--checksum --repair --source --target --state-dir --json --help'
            paths='--state-dir' ;;
        'sersync history')
            words='--source --target --since --limit --state-dir --json --help'
            paths='--state-dir' ;;
        'sersync selftest')
            words='--list --only --long --chaos --soak --seed --keep --json --help'
            paths='' ;;
        'sersync target')
            words='init check serve list --help'
            paths='' ;;
        'sersync target init')
            words='--path --module --user --allow --port --read-only --host -c --config --fake-super --no-fake-super --tls --ssh --key --apply --print --help'
            paths='--path -c --config --key' ;;
        'sersync target check')
            words='--for --password-file -q --quiet --json --help'
            paths='--for --password-file' ;;
        'sersync target serve')
            words='-c --config --module --path --user --password-file --allow --read-only --port --address --tls --no-tls --cert --key --help'
            paths='-c --config --path --password-file --cert --key' ;;
        'sersync target list')
            words='--password-file --ca-file --port --json --help'
            paths='--password-file --ca-file' ;;
        'sersync service')
            words='install uninstall --help'
            paths='' ;;
        'sersync service install')
            words='-c --config --target --name --user --port --tls --no-tls --cert --key --print --rc --root --help'
            paths='-c --config --cert --key --root' ;;
        'sersync service uninstall')
            words='-c --config --target --name --root --help'
            paths='-c --config --root' ;;
    esac
}

complete -F _sersync sersync
