# Completion of p2pctl for bash: installed into share/bash-completion/completions/, or source it.
_p2pctl() {
  local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD - 1]}
  local verbs="put get delete cas scan copy prime verify members locate why map ring agreement plan watch doctor ping status services receipts enable disable reload bench lab leave stop remove weight recover"
  local options="--node --admin --json --timeout --no-wait --force --yes --check --operation --connections --depth
    --value-bytes --keys --seconds --requests --no-fill --partitions --weight --zone --after --count --prefix --limit --values --ttl --any-copy --from --overwrite --config --script --seed --nodes --load --keep --help --version"
  local word

  case $previous in
    --admin | --config | --script)
      mapfile -t COMPREPLY < <(compgen -f -- "$current")
      return ;;
    --operation)
      mapfile -t COMPREPLY < <(compgen -W "read write mixed" -- "$current")
      return ;;
    --node | --timeout | --connections | --depth | --value-bytes | --keys | --seconds | --requests | --weight | --zone | --after | --count | --prefix | --limit | --ttl | --from | --seed | --nodes | --load)
      COMPREPLY=()
      return ;;
  esac
  if [[ $current == -* ]]; then
    mapfile -t COMPREPLY < <(compgen -W "$options" -- "$current")
    return
  fi
  for word in "${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    [[ " $verbs " == *" $word "* ]] && return # the verb is there; what follows is the user's own
  done
  mapfile -t COMPREPLY < <(compgen -W "$verbs" -- "$current")
}
complete -F _p2pctl p2pctl
