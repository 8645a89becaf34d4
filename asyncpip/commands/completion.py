"""`asyncpip completion`: a script that has a shell ask this program what to complete (`cli/completion.py` answers)."""

from __future__ import annotations

import os

from asyncpip.core.events import Level, Message

TYPE_CHECKING = False
if TYPE_CHECKING:
    from asyncpip.commands.context import CommandContext

_BASH = r"""
_{name}_completion()
{
    local IFS=$'\n'
    COMPREPLY=( $( IFS=' '; COMP_WORDS="${COMP_WORDS[*]}" COMP_CWORD=$COMP_CWORD \
                   PIP_AUTO_COMPLETE=1 "${1/#\~\//$HOME/}" 2>/dev/null ) )
    if [[ ${#COMPREPLY[@]} == 1 && ${COMPREPLY[0]} == *[=/] ]]; then
        compopt -o nospace 2>/dev/null
    fi
    COMPREPLY=( "${COMPREPLY[@]// /\\ }" )
}
complete -o default -F _{name}_completion {prog}
"""
_ZSH = r"""
__{name}() {
    local -a found
    found=( ${(f)"$( COMP_WORDS="$words[*]" COMP_CWORD=$((CURRENT-1)) \
                     PIP_AUTO_COMPLETE=1 ${~words[1]} 2>/dev/null )"} )
    if (( ! $#found )); then
        _default
        return
    fi
    compadd -S '' -- ${(M)found:#*[=/]}
    compadd -- ${found:#*[=/]}
}
if [[ $zsh_eval_context[-1] == loadautofunc ]]; then
    __{name} "$@"
else
    compdef __{name} {prog}
fi
"""
_FISH = r"""
function __fish_complete_{name}
    set -lx COMP_WORDS \
        (commandline --current-process --tokenize --cut-at-cursor) \
        (commandline --current-token --cut-at-cursor)
    set -lx COMP_CWORD (math (count $COMP_WORDS) - 1)
    set -lx PIP_AUTO_COMPLETE 1
    $COMP_WORDS[1] 2>/dev/null
end
complete -fa "(__fish_complete_{name})" -c {prog}
"""
_POWERSHELL = r"""
Register-ArgumentCompleter -Native -CommandName {prog} -ScriptBlock {
    param($wordToComplete, $commandAst, $cursorPosition)
    $words = @($commandAst.CommandElements | Where-Object { $_.Extent.StartOffset -lt $cursorPosition } |
        ForEach-Object { $_.Extent.Text })
    $Env:COMP_WORDS = $words -join ' '
    $Env:COMP_CWORD = if ($wordToComplete) { $words.Count - 1 } else { $words.Count }
    $Env:PIP_AUTO_COMPLETE = 1
    try {
        & $words[0] 2>$null | ForEach-Object {
            [System.Management.Automation.CompletionResult]::new($_, $_, 'ParameterValue', $_)
        }
    } finally {
        Remove-Item Env:COMP_WORDS, Env:COMP_CWORD, Env:PIP_AUTO_COMPLETE
    }
}
"""
SCRIPTS = {"bash": _BASH, "fish": _FISH, "powershell": _POWERSHELL, "zsh": _ZSH}
"""The scripts by shell. All of what they complete is asked of the program, so they stay good when it changes."""


def run(context: CommandContext) -> int:
    """Run the command; return its exit code: 0 without a shell too, as in pip."""
    shell = context.settings.text("shell")
    if shell is None:
        options = " or ".join(f"--{name}" for name in SCRIPTS)
        context.reporter.emit(Message(Level.CRITICAL, f"You must pass {options}"))
        return 0
    context.write_stdout(script_for(shell, context.prog))
    return 0


def script_for(shell: str, prog: str) -> str:
    """Return the script; what is completed is the last word of ``prog`` (of a module run, the module's)."""
    command = os.path.basename(prog.rpartition(" ")[2])
    name = "".join(letter if letter.isalnum() else "_" for letter in command)
    body = SCRIPTS[shell].replace("{prog}", command).replace("{name}", name)
    # In a directory of its functions zsh looks at the first line of a file only.
    first = f"#compdef {command}" if shell == "zsh" else ""
    return f"{first}\n# {command} {shell} completion start{body}# {command} {shell} completion end\n\n"
