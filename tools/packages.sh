# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2034
# What quickstart and check need from Debian 12, and how they get it.  Sourced,
# not run.  Nothing here changes the machine but packages_need, and that only as
# root on Debian 12 and only where something is missing.

# gcc only recommends libc6-dev, so it is named.
BUILD_PACKAGES=(
	gcc libc6-dev cmake ninja-build pkg-config
	libmicrohttpd-dev libgnutls28-dev libssl-dev libsqlite3-dev libjansson-dev libpq-dev
	zlib1g-dev libyaml-dev libarchive-dev libcurl4-openssl-dev
)

TEST_PACKAGES=(
	git clang clang-format clang-tidy libclang-rt-14-dev llvm-14
	cppcheck pmccabe shellcheck spin
	python3 python3-jsonschema python3-pytest python3-pytest-xdist python3-yaml
	postgresql
	docker.io podman buildah skopeo containerd runc crun umoci
	busybox-static fuse-overlayfs e2fsprogs mount iproute2 procps curl zstd openssl
	zsh fish awscli python3-boto3 python3-cryptography faketime
)

os_field() {
	sed -n "s/^$1=\"\{0,1\}\([^\"]*\)\"\{0,1\}\$/\1/p" /etc/os-release \
		2>/dev/null | head -n 1
}

is_debian_12() {
	[ "$(os_field ID)" = debian ] && [ "$(os_field VERSION_ID)" = 12 ]
}

# Prints those of the packages named that are not installed.
packages_missing() {
	local package
	for package; do
		dpkg-query -W -f '${db:Status-Status}\n' "$package" 2>/dev/null |
			grep -qx installed || echo "$package"
	done
}

# packages_need INSTALL PACKAGE...: have them all, or say plainly what is
# missing and return 1.  INSTALL is yes or no.
packages_need() {
	local install=$1 missing
	shift
	if ! command -v dpkg-query >/dev/null 2>&1; then
		[ "$install" = no ] && return 0
		cat >&2 <<-TEXT
		This is $(os_field PRETTY_NAME), not Debian 12, so nothing was installed.
		Install what these Debian packages hold, then run again with --no-install:
		  $*
		TEXT
		return 1
	fi
	mapfile -t missing < <(packages_missing "$@")
	[ ${#missing[@]} -eq 0 ] && return 0
	if [ "$install" = no ]; then
		echo "These packages are missing, and --no-install was given:" >&2
	elif ! is_debian_12; then
		echo "This is $(os_field PRETTY_NAME), not Debian 12, so nothing was" \
			"installed. These packages are missing (names as in Debian 12):" >&2
	elif [ "$(id -u)" -ne 0 ]; then
		echo "These packages are missing, and only root can install them:" >&2
	else
		packages_install "${missing[@]}"
		return
	fi
	echo "  ${missing[*]}" >&2
	echo "To install them, as root:" >&2
	echo "  apt-get install --no-install-recommends ${missing[*]}" >&2
	return 1
}

packages_install() {
	echo "Installing $# packages: $*"
	export DEBIAN_FRONTEND=noninteractive
	apt-get -q update </dev/null &&
		apt-get -q install -y --no-install-recommends "$@" </dev/null && return
	echo "apt-get could not install the packages; its message stands above." >&2
	return 1
}

# port_is_open PORT: does anything answer on 127.0.0.1:PORT?
port_is_open() {
	(exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null
}

# configure DIR CMAKE-ARGUMENT...: keeps the generator a folder already has.
configure() {
	local dir=$1
	shift
	local generator=()
	[ -e "$dir/CMakeCache.txt" ] || ! command -v ninja >/dev/null 2>&1 ||
		generator=(-G Ninja)
	command -v ccache >/dev/null 2>&1 &&
		generator+=(-DCMAKE_C_COMPILER_LAUNCHER=ccache)
	cmake -S . -B "$dir" "${generator[@]}" "$@"
}
