// attnbounds claims [ID] [--json] [--markdown] [--pages DIR]: lists the catalogue, explains one claim, or
// writes CLAIMS.md and docs/claims.
#include <fmt/format.h>

#include <iostream>

#include "cli/command.hpp"
#include "cli/terminal.hpp"
#include "numeric/files.hpp"
#include "proofs_check/catalogue.hpp"

namespace attnbounds {

Command add_claims(CLI::App& parser) {
  struct Options {
    std::string id, pages;
    bool json = false, markdown = false;
  };
  auto options = std::make_shared<Options>();
  CLI::App* command = parser.add_subcommand("claims", "list the catalogue of claims, or explain one");
  command->add_option("ID", options->id, "the claim to explain");
  command->add_flag("--json", options->json, "one JSON object");
  command->add_flag("--markdown", options->markdown, "the catalogue as CLAIMS.md");
  command->add_option("--pages", options->pages, "write a page a paper into this folder (docs/claims)");
  command->footer(
      "Examples:\n"
      "  attnbounds claims\n"
      "  attnbounds claims alman-song-2023/forward-error");
  return {command, [options] {
            if (options->markdown) {
              std::cout << catalogue_markdown(all_claims());
              return ExitStatus::answered;
            }
            if (!options->pages.empty()) {
              std::filesystem::create_directories(options->pages);
              for (const auto& [file, text] : catalogue_pages(all_claims()))
                write_file_atomically(std::filesystem::path(options->pages) / file, text);
              return ExitStatus::answered;
            }
            std::vector<const Claim*> chosen;
            if (!options->id.empty()) chosen.push_back(&claim_by_id(options->id));
            else
              for (const Claim& c : all_claims()) chosen.push_back(&c);
            if (options->json) print_json(catalogue_json(chosen));
            else if (!options->id.empty()) std::cout << fitted(explanation(*chosen.front()));
            else
              for (const Claim* c : chosen) fmt::print("{:<62} {}\n", c->id, name(c->standing));
            return ExitStatus::answered;
          }};
}

}  // namespace attnbounds
