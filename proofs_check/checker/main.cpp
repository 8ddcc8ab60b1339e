// attnbounds-check [--json] FILE…: re-proves certificates. It shares no code with the program that writes
// them: FLINT/Arb here, MPFR/MPFI there. Exit status: 0 all verified; 1 one was rejected; 2 bad usage, or
// a file that cannot be read or is no certificate.
#include <fstream>
#include <iostream>
#include <nlohmann/json.hpp>

#include "least_degree.hpp"

namespace {

using nlohmann::ordered_json;

constexpr const char* kUsage =
    "usage: attnbounds-check [--json] FILE…\n"
    "Re-proves each certificate (docs/certificates.md) with ball arithmetic.\n"
    "Exit status: 0 all verified, 1 one was rejected, 2 bad usage or a file that is no certificate.\n";

std::string contents(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::string text, block(1 << 20, '\0');
  if (!file) throw checker::Malformed("file", "a readable file", "none");
  while (file.read(block.data(), static_cast<std::streamsize>(block.size())), file.gcount() > 0) {
    text.append(block, 0, static_cast<std::size_t>(file.gcount()));
    if (text.size() > checker::kLargestFile) throw checker::Malformed("file", "at most 64 MiB", "more");
  }
  if (file.bad()) throw checker::Malformed("file", "a readable file", "a read error");
  return text;
}

std::string cut(const std::string& text) { return text.size() <= 40 ? text : text.substr(0, 40) + "…"; }

std::optional<std::string> whole_number(const checker::Fraction& x) {  // at most 16000 in size
  if (!fmpz_is_one(fmpq_denref(x.get()))) return std::nullopt;
  return std::to_string(fmpz_get_si(fmpq_numref(x.get())));
}

std::string between(const std::string& lower, const std::string& upper) {
  return "in [" + (lower.empty() ? "0" : lower) + ", " + (upper.empty() ? "inf" : upper) + "]";
}

std::string sentence(const checker::Certificate& c, const checker::Proved& proved) {
  const std::string X = whole_number(c.half_width).value_or(cut(c.half_width_text));
  std::string result = "exp on [-" + X + "," + X + "] needs degree " + std::to_string(c.degree) + " for " +
                       (c.kind == checker::ErrorKind::relative ? "relative" : "absolute") + " error " +
                       cut(c.epsilon_text) + ": best error " +
                       between(proved.error_lower, proved.error_upper);
  if (c.degree > 0)
    result += ", at degree " + std::to_string(c.degree - 1) + " " +
              between(proved.error_below_lower, proved.error_below_upper);
  return result + " (" + std::to_string(proved.bits) + " bits)";
}

ordered_json enclosure(const std::string& lower, const std::string& upper) {
  const auto end = [](const std::string& text) { return text.empty() ? ordered_json() : ordered_json(text); };
  return {{"lower", end(lower)}, {"upper", end(upper)}};
}

struct Outcome {
  int status = 0;
  std::string line;   // for people
  ordered_json json;  // for programs
};

Outcome check(const std::string& path) {
  ordered_json json{{"file", path}};
  try {
    const checker::Certificate c = checker::certificate_from_json(contents(path));
    try {
      const checker::Proved proved = checker::prove(c);
      json["verdict"] = "verified";
      json["half_width"] = c.half_width_text;
      json["epsilon"] = c.epsilon_text;
      json["error_kind"] = c.kind == checker::ErrorKind::relative ? "relative" : "absolute";
      json["degree"] = c.degree;
      json["error"] = enclosure(proved.error_lower, proved.error_upper);
      json["error_below"] =
          c.degree > 0 ? enclosure(proved.error_below_lower, proved.error_below_upper) : ordered_json();
      json["precision"] = proved.bits;
      return {0, "verified: " + sentence(c, proved), json};
    } catch (const checker::Rejected& rejected) {
      json["verdict"] = "rejected";
      json["reason"] = rejected.what();
      return {1, std::string("rejected: ") + rejected.what(), json};
    }
  } catch (const std::exception& error) {  // Malformed, or no memory left
    json["verdict"] = "malformed";
    json["reason"] = error.what();
    return {2, std::string("malformed: ") + error.what(), json};
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
    } else if (argument.size() > 1 && argument[0] == '-') {
      std::cerr << "attnbounds-check: expected --json or a file, found " << checker::quoted(argument) << "\n";
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
