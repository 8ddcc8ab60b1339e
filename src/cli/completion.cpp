// attnbounds completion bash: the shell's completion, made from the command line's own description, so that
// it knows every subcommand, option and choice. zsh takes it through bashcompinit.
#include <cstdio>
#include <memory>

#include "cli/command.hpp"

namespace attnbounds {
namespace {

std::string joined(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words) text += (text.empty() ? "" : " ") + word;
  return text;
}

/// The choices of an option, `TEXT:{a,b}` in CLI11's name of its type; empty: any value.
std::string choices(const CLI::Option& option) {
  const std::string type = option.get_type_name();
  const std::size_t open = type.find('{'), close = type.rfind('}');
  if (open == std::string::npos || close == std::string::npos) return "";
  return joined(CLI::detail::split(type.substr(open + 1, close - open - 1), ','));
}

std::vector<std::string> long_names(const CLI::Option& option) {
  std::vector<std::string> names;
  for (const std::string& name : option.get_lnames()) names.push_back("--" + name);
  return names;
}

constexpr const char* kHead =
    R"bash(# bash: source <(attnbounds completion bash)
# zsh:  autoload -U +X compinit bashcompinit && compinit && bashcompinit, then the same
_attnbounds() {
  local word="${COMP_WORDS[COMP_CWORD]}" before="${COMP_WORDS[COMP_CWORD-1]}" words=""
  COMPREPLY=()
  if [ "$COMP_CWORD" -eq 1 ]; then words="@subcommands@"; else
    case "${COMP_WORDS[1]} $before" in
      "verify --claim" | "claims claims") words="$("${COMP_WORDS[0]}" claims 2>/dev/null | cut -d ' ' -f 1)" ;;
      "verify --paper") words="$("${COMP_WORDS[0]}" claims 2>/dev/null | cut -d / -f 1 | uniq)" ;;
)bash";
constexpr const char* kTail =
    R"bash(        esac ;;
    esac
  fi
  [ -z "$words" ] || COMPREPLY=($(compgen -W "$words" -- "$word"))  # nothing: the shell offers files
}
complete -o default -F _attnbounds attnbounds
)bash";

std::string bash_completion(const CLI::App& app) {
  std::vector<std::string> subcommands;
  std::string values, options;
  for (const CLI::App* command : app.get_subcommands([](const CLI::App*) { return true; })) {
    const std::string& name = command->get_name();
    subcommands.push_back(name);
    std::vector<std::string> all;
    for (const CLI::Option* option : command->get_options()) {
      const std::vector<std::string> names = long_names(*option);
      all.insert(all.end(), names.begin(), names.end());
      // After an option that takes a value come its choices, or files; after a positional's place, its
      // choices.
      if (names.empty() || option->get_items_expected_max() == 0) continue;
      std::string pattern;
      for (const std::string& n : names)
        pattern += (pattern.empty() ? "\"" : " | \"") + name + " " + n + "\"";
      values += "      " + pattern + ") words=\"" + choices(*option) + "\" ;;\n";
    }
    options += "        " + name + ") words=\"" + joined(all) + "\" ;;\n";
  }
  return CLI::detail::find_and_replace(kHead, "@subcommands@", joined(subcommands) + " --help --version") +
         values + "      *) [[ $word == -* ]] && case \"${COMP_WORDS[1]}\" in\n" + options + kTail;
}

}  // namespace

Command add_completion(CLI::App& app) {
  CLI::App* command = app.add_subcommand("completion", "completion of this command line for a shell");
  auto shell = std::make_shared<std::string>();
  command->add_option("SHELL", *shell, "bash (zsh through bashcompinit)")
      ->required()
      ->check(CLI::IsMember({"bash"}));
  command->footer(
      "Examples:\n"
      "  source <(attnbounds completion bash)\n"
      "  attnbounds completion bash >attnbounds.bash");
  return {command, [&app, shell] {
            std::fputs(bash_completion(app).c_str(), stdout);
            return ExitStatus::answered;
          }};
}

}  // namespace attnbounds
