# SPDX-License-Identifier: Apache-2.0
# Generated from cli/commands.c and cli/options.c.
_berth() {
	local word=${COMP_WORDS[COMP_CWORD]} i
	local commands="repositories tags inspect delete export import" command=
	local flags=" --registry --credentials --user --password-stdin --ca --output --quiet --help --version"
	for ((i = 1; i < COMP_CWORD; i++)); do
		case " $commands " in
		*" ${COMP_WORDS[i]} "*) command=${COMP_WORDS[i]} && break ;;
		esac
	done
	case $command in
		tags) flags+=" --list" ;;
		inspect) flags+=" --raw" ;;
		delete) flags+=" --yes" ;;
		export) flags+=" --referrers" ;;
		import) flags+=" --max-size" ;;
	esac
	if [[ $word == -* ]]; then
		COMPREPLY=($(compgen -W "$flags" -- "$word"))
	elif [[ -z $command ]]; then
		COMPREPLY=($(compgen -W "$commands" -- "$word"))
	fi
}
complete -o default -F _berth berth
