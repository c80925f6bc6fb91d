# Installs Debian packages that a command of ./dev needs and that are not there. Sourced by ./dev.
#
# need GROUP...  reads tools/packages/GROUP.txt. Costs one dpkg-query where all is there.

# Prints the packages of the groups that are missing, each once, `unpack:` ones with that prefix.
missing_packages() {
  local group package command unpack
  local -a wanted=()
  for group in "$@"; do
    while read -r package _; do
      [ -n "$package" ] && [ "${package:0:1}" != "#" ] && wanted+=("$package")
    done < "$root/tools/packages/$group.txt"
  done
  local -A have=()
  local -a names=()
  for package in "${wanted[@]}"; do
    package=${package#unpack:}
    names+=("${package%%|*}")
  done
  while read -r status package; do
    [ "$status" = installed ] && have[$package]=1
  done < <(dpkg-query -W -f '${db:Status-Status} ${Package}\n' "${names[@]}" 2>/dev/null)
  local -A told=()
  for package in "${wanted[@]}"; do
    unpack=
    [ "${package#unpack:}" != "$package" ] && unpack=unpack: && package=${package#unpack:}
    command=
    [ "${package#*|}" != "$package" ] && command=${package#*|}
    package=${package%%|*}
    [ -n "${have[$package]:-}${told[$package]:-}" ] && continue
    [ -n "$command" ] && command -v "$command" > /dev/null && continue
    [ -n "$unpack" ] && [ -n "$command" ] && [ -e "$root/build/tools/$command" ] && continue
    told[$package]=1
    printf '%s\n' "$unpack$package"
  done
}

# Runs a command as root: directly, or through sudo.
as_root() { if [ "$(id -u)" = 0 ]; then "$@"; else sudo -- "$@"; fi; }

# Reads apt's status lines on standard input and shows how far it is: one line that moves on a
# terminal, a line every tenth else.
show_apt_progress() {
  local kind package percent message step last=-1
  while IFS=: read -r kind package percent message; do
    case $kind in
      dlstatus) kind=download ;;
      pmstatus) kind=install ;;
      *) continue ;;
    esac
    percent=${percent%%.*}
    step=$kind$((percent / 10))
    [ "$step" = "$last" ] && [ ! -t 2 ] && continue
    if [ -t 2 ]; then
      printf '\r\033[K  %s %s %%  %.50s' "$kind" "$percent" "$message" >&2
    else
      printf '  %s %s %%\n' "$kind" "$percent" >&2
    fi
    last=$step
  done
  [ -t 2 ] && printf '\r\033[K' >&2
  return 0
}

# apt-get with the settings that never ask, and wait for another apt to finish. What it says goes to
# the log $1, and what it has done so far to the terminal.
apt_get() {
  local log=$1
  shift
  touch "$log"
  # sudo closes descriptors above 2: the status comes out as standard output, and only there is it
  # moved to a descriptor of its own, because apt keeps the one it gets from package scripts.
  as_root env DEBIAN_FRONTEND=noninteractive bash -c 'exec 3>&1 >> "$0" 2>&1; exec "$@"' "$log" \
    apt-get -y -q -o DPkg::Lock::Timeout=600 -o Dpkg::Use-Pty=0 -o APT::Status-Fd=3 \
    -o Dpkg::Options::=--force-confold "$@" < /dev/null | show_apt_progress
}

# Unpacks packages below build/tools without installing them, so that no service starts.
unpack_packages() {
  local folder=$root/build/tools/download deb
  mkdir -p "$folder"
  (cd "$folder" && apt-get -q -o APT::Sandbox::User=root download "$@" > /dev/null) || return 1
  for deb in "$folder"/*.deb; do
    dpkg-deb -x "$deb" "$root/build/tools" || return 1
  done
  rm -rf "$folder"
}

need() {
  export PATH=$PATH:/usr/sbin:/sbin:$root/build/tools/usr/bin:$root/build/tools/usr/sbin
  local -a install=() unpack=()
  local package log=$root/build/apt.log
  for package in $(missing_packages "$@"); do
    case $package in
      unpack:*) unpack+=("${package#unpack:}") ;;
      *) install+=("$package") ;;
    esac
  done
  [ ${#install[@]} = 0 ] && [ ${#unpack[@]} = 0 ] && return 0
  if ! command -v apt-get > /dev/null; then
    die "these Debian packages are missing, and there is no apt-get here: ${install[*]} ${unpack[*]}"
  fi
  if [ ${#install[@]} -gt 0 ] && [ "$(id -u)" != 0 ] && ! command -v sudo > /dev/null; then
    die "installing needs root, and there is no sudo. As root: apt-get install ${install[*]}"
  fi
  mkdir -p "$root/build"
  if ! compgen -G '/var/lib/apt/lists/*_Packages*' > /dev/null; then
    say "Fetching apt's lists of packages, for there are none yet."
    apt_get "$log" update || die "apt-get update failed; see $log"
  fi
  if [ ${#install[@]} -gt 0 ]; then
    say "Installing ${#install[@]} Debian packages and what they depend on (lists: tools/packages/, log: build/apt.log):"
    printf '%s ' "${install[@]}" | fold -s -w 96 | sed 's/^/  /' >&2
    printf '\n' >&2
    if ! apt_get "$log" install --no-install-recommends "${install[@]}"; then
      say "That failed; trying once more with fresh lists."
      apt_get "$log" update
      apt_get "$log" install --no-install-recommends "${install[@]}" ||
        { tail -n 20 "$log" >&2; die "apt-get install failed; see $log"; }
    fi
  fi
  if [ ${#unpack[@]} -gt 0 ]; then
    say "Unpacking ${unpack[*]} below build/tools: the program alone, no service."
    unpack_packages "${unpack[@]}" || die "could not fetch ${unpack[*]}"
  fi
  hash -r
}
