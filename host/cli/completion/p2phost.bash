# Completion of p2phost for bash: installed into share/bash-completion/completions/, or source it.
_p2phost() {
  local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD - 1]}
  local options

  case $previous in
    --config)
      compopt -o filenames 2>/dev/null
      mapfile -t COMPREPLY < <(compgen -f -- "$current")
      return ;;
    --data-dir | --plugin-dir | --dir)
      compopt -o filenames 2>/dev/null
      mapfile -t COMPREPLY < <(compgen -d -- "$current")
      return ;;
    --requires)
      mapfile -t COMPREPLY < <(compgen -W "locator store" -- "$current")
      return ;;
    --set | --listen | --join | --node | --new-plugin)
      COMPREPLY=()
      return ;;
  esac
  # The program itself knows its options.
  options=$("${COMP_WORDS[0]}" --help 2>/dev/null | grep -oE -- '--[a-z][a-z-]*' | sort -u)
  mapfile -t COMPREPLY < <(compgen -W "$options" -- "$current")
}
complete -F _p2phost p2phost
