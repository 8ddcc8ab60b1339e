// attnbounds-check [--json] [--seed S] FILE…: re-proves certificates (docs/certificates.md). It shares no
// code with the program that writes them: FLINT/Arb here, MPFR/MPFI there. Exit status: 0 all verified; 1 one
// was rejected, also for being no certificate; 2 bad usage, or a file that cannot be read.
#include <algorithm>
#include <filesystem>
#include <iostream>
#include <map>

#include "kinds.hpp"

namespace {

using nlohmann::ordered_json;

constexpr const char* kUsage =
    "usage: attnbounds-check [--json] [--seed S] FILE…\n"
    "Re-proves each certificate (docs/certificates.md) with ball arithmetic; the files that a certificate\n"
    "names are looked for beside it. --seed S: where an attention certificate samples rows, as many rows "
    "that\n"
    "S draws must keep its bound too; whoever made it could not know them. Exit status: 0 all verified, 1 "
    "one\n"
    "was rejected, 2 bad usage or a file that cannot be read.\n";

const std::map<std::string, checker::Proved (*)(const checker::Field&, const checker::Folder&)> kKinds = {
    {"polynomial-error", checker::prove_polynomial_error},
    {"best-error", checker::prove_best_error},
    {"least-degree", checker::prove_least_degree},
    {"threshold-point", checker::prove_threshold_point},
    {"threshold-limit", checker::prove_threshold_limit},
    {"attention", checker::prove_attention},
    {"gradient", checker::prove_gradient},
    {"layers", checker::prove_layers},
    {"reduction", checker::prove_reduction},
    {"epsilon-rank", checker::prove_epsilon_rank},
    {"claim-instance", checker::prove_claim_instance},
};

struct Outcome {
  int status = 0;
  std::string line;   // for people
  ordered_json json;  // for programs
};

Outcome refused(ordered_json json, const std::string& reason, int status) {
  json["verdict"] = "rejected";
  json["reason"] = reason;
  return {status, "rejected: " + reason, json};
}

Outcome check(const std::string& path) {
  ordered_json json{{"file", path}};
  std::string text;
  try {
    text = checker::bytes_of(path, "file");
  } catch (const std::exception& error) {
    return refused(json, std::string("unreadable: ") + error.what(), 2);
  }
  checker::exact_work = 0;
  try {
    const nlohmann::json whole = checker::bounded_json(text);
    std::set<const nlohmann::json*> asked;
    const checker::Field top{"", whole, &asked};
    if (!whole.is_object()) top.expected("a JSON object");
    top["format"].one_of({"attnbounds-certificate"});
    top["version"].integer(1, 1);
    const auto kind = kKinds.find(top["kind"].text());
    if (kind == kKinds.end()) top["kind"].expected("a kind of docs/certificates.md");
    const checker::Proved proved =
        kind->second(top, checker::Folder{std::filesystem::path(path).parent_path()});
    top.require_all_asked();
    json["verdict"] = "verified";
    json["kind"] = kind->first;
    json.update(proved.facts);
    json["precision"] = checker::working_bits;
    return {0, "verified: " + proved.sentence, json};
  } catch (const checker::Rejected& rejected) {
    return refused(json, rejected.what(), 1);
  } catch (const std::exception& error) {  // Malformed, or no memory left
    return refused(json, std::string("malformed: ") + error.what(), 1);
  }
}

}  // namespace

int main(int count, char** arguments) {
  bool as_json = false;
  std::vector<std::string> files;
  for (int i = 1; i < count; ++i) {
    const std::string argument = arguments[i];
    if (argument == "--help" || argument == "-h") {
      std::cout << kUsage;
      return 0;
    }
    if (argument == "--json") {
      as_json = true;
    } else if (argument == "--seed") {
      const std::string seed = i + 1 < count ? arguments[++i] : "";
      if (seed.empty() || seed.find_first_not_of("0123456789") != std::string::npos || seed.size() > 18) {
        std::cerr << "attnbounds-check: expected --seed and a whole number below 10^18, found "
                  << checker::quoted(seed) << "\n";
        return 2;
      }
      checker::own_seed = std::stol(seed);
    } else if (argument.size() > 1 && argument[0] == '-') {
      std::cerr << "attnbounds-check: expected --json, --seed or a file, found " << checker::quoted(argument)
                << "\n";
      return 2;
    } else {
      files.push_back(argument);
    }
  }
  if (files.empty()) {
    std::cerr << "attnbounds-check: expected a certificate file, found none (--help explains)\n";
    return 2;
  }
  int status = 0;
  ordered_json all = ordered_json::array();
  for (const std::string& file : files) {
    const Outcome outcome = check(file);
    status = std::max(status, outcome.status);
    if (!as_json || outcome.status == 2)
      (outcome.status == 2 ? std::cerr : std::cout) << file << ": " << outcome.line << std::endl;
    all.push_back(outcome.json);
  }
  if (as_json)
    std::cout << ordered_json{{"certificates", all}}.dump(2, ' ', false,
                                                          nlohmann::json::error_handler_t::replace)
              << "\n";
  return status;
}
