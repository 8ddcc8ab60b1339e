// attnbounds claims [ID] [--json] [--markdown]: lists the catalogue, explains one claim, or writes CLAIMS.md.
#include <fmt/format.h>

#include <iostream>

#include "cli/command.hpp"
#include "proofs_check/catalogue.hpp"

namespace attnbounds {

Command add_claims(CLI::App& parser) {
  struct Options {
    std::string id;
    bool json = false, markdown = false;
  };
  auto options = std::make_shared<Options>();
  CLI::App* command = parser.add_subcommand("claims", "list the catalogue of claims, or explain one");
  command->add_option("ID", options->id, "the claim to explain");
  command->add_flag("--json", options->json, "one JSON object");
  command->add_flag("--markdown", options->markdown, "the catalogue as CLAIMS.md");
  return {command, [options] {
            if (options->markdown) {
              std::cout << catalogue_markdown(all_claims());
              return ExitStatus::answered;
            }
            std::vector<const Claim*> chosen;
            if (!options->id.empty()) chosen.push_back(&claim_by_id(options->id));
            else
              for (const Claim& c : all_claims()) chosen.push_back(&c);
            if (options->json) print_json(catalogue_json(chosen));
            else if (!options->id.empty()) std::cout << explanation(*chosen.front());
            else
              for (const Claim* c : chosen) fmt::print("{:<54} {}\n", c->id, name(c->standing));
            return ExitStatus::answered;
          }};
}

}  // namespace attnbounds
