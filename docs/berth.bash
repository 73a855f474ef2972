# SPDX-License-Identifier: Apache-2.0
# Generated from the tables in cli/.
_berth() {
	local word=${COMP_WORDS[COMP_CWORD]} i
	local first= second= seconds= flags="--registry --credentials --user --password-stdin --ca --output --quiet --help --version"
	local firsts="repositories describe images tags inspect delete export import tag copy login logout whoami password key token certificate user robot role group policy repository-policy registry-policy issuer audit signing-key"
	for ((i = 1; i < COMP_CWORD; i++)); do
		[[ ${COMP_WORDS[i]} == -* ]] && continue
		if [[ -z $first ]]; then
			[[ " $firsts " == *" ${COMP_WORDS[i]} "* ]] &&
				first=${COMP_WORDS[i]}
		elif [[ -z $second ]]; then
			second=${COMP_WORDS[i]}
		fi
	done
	case $first in
	key) seconds="list create disable enable rotate delete" ;;
	token) seconds="list create delete" ;;
	certificate) seconds="list add remove" ;;
	user) seconds="list show create update password disable enable delete" ;;
	robot) seconds="list show create update disable enable delete" ;;
	role) seconds="list show create update trust set-trust disable enable delete" ;;
	group) seconds="list show members create add remove delete" ;;
	policy) seconds="list show put delete attached attach detach simulate" ;;
	repository-policy) seconds="show set delete" ;;
	registry-policy) seconds="show set delete" ;;
	issuer) seconds="list put delete" ;;
	audit) seconds="list export verify" ;;
	signing-key) seconds="rotate" ;;
	esac
	case "$first${seconds:+ $second}" in
	"tags") flags+=" --list" ;;
	"inspect") flags+=" --raw" ;;
	"delete") flags+=" --yes" ;;
	"export") flags+=" --referrers" ;;
	"import") flags+=" --max-size" ;;
	"login") flags+=" --description" ;;
	"key list") flags+=" --of" ;;
	"key create") flags+=" --of --description" ;;
	"key disable") flags+=" --of" ;;
	"key enable") flags+=" --of" ;;
	"key rotate") flags+=" --of" ;;
	"key delete") flags+=" --of --yes" ;;
	"token list") flags+=" --of" ;;
	"token create") flags+=" --of --description --expires --scope" ;;
	"token delete") flags+=" --of --yes" ;;
	"user create") flags+=" --description" ;;
	"user update") flags+=" --description" ;;
	"user delete") flags+=" --yes" ;;
	"robot create") flags+=" --description --expires --policy" ;;
	"robot update") flags+=" --description --expires" ;;
	"robot delete") flags+=" --yes" ;;
	"role create") flags+=" --description --trust --session-max" ;;
	"role update") flags+=" --description --session-max" ;;
	"role set-trust") flags+=" --document" ;;
	"role delete") flags+=" --yes" ;;
	"group create") flags+=" --description" ;;
	"group delete") flags+=" --yes" ;;
	"policy show") flags+=" --pattern" ;;
	"policy put") flags+=" --document" ;;
	"policy delete") flags+=" --yes" ;;
	"policy attach") flags+=" --pattern" ;;
	"policy detach") flags+=" --pattern" ;;
	"policy simulate") flags+=" --repository --source" ;;
	"repository-policy set") flags+=" --document --force" ;;
	"repository-policy delete") flags+=" --yes" ;;
	"registry-policy set") flags+=" --document" ;;
	"registry-policy delete") flags+=" --yes" ;;
	"issuer put") flags+=" --audience --jwks --issuer-ca --private-addresses" ;;
	"issuer delete") flags+=" --yes" ;;
	"audit list") flags+=" --since --until --kind --actor" ;;
	"audit export") flags+=" --since --until --kind --actor" ;;
	"signing-key rotate") flags+=" --drop-old" ;;
	esac
	if [[ $word == -* ]]; then
		COMPREPLY=($(compgen -W "$flags" -- "$word"))
	elif [[ -z $first ]]; then
		COMPREPLY=($(compgen -W "$firsts" -- "$word"))
	elif [[ -n $seconds && -z $second ]]; then
		COMPREPLY=($(compgen -W "$seconds" -- "$word"))
	fi
}
complete -o default -F _berth berth
