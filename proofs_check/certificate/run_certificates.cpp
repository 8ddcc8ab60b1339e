#include "proofs_check/certificate/run_certificates.hpp"

#include <array>
#include <cctype>
#include <cstdio>
#include <cstring>

#include "numeric/exact_text.hpp"
#include "numeric/files.hpp"
#include "proofs_check/certificate/certificate.hpp"
#include "proofs_check/certificate/kernel_output.hpp"

namespace attnbounds {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kFilesOfACall = 100;

std::string shell_quoted(const std::string& text) {
  std::string result = "'";
  for (const char c : text) result += c == '\'' ? "'\\''" : std::string(1, c);
  return result + "'";
}

/// What the checker says of the files, in their order.
std::vector<Json> verdicts(const fs::path& checker, const std::vector<std::string>& files) {
  std::vector<Json> result;
  for (std::size_t begin = 0; begin < files.size(); begin += kFilesOfACall) {
    const std::size_t end = std::min(files.size(), begin + kFilesOfACall);
    std::string command = shell_quoted(checker.string()) + " --json", output;
    for (std::size_t i = begin; i < end; ++i) command += " " + shell_quoted(files[i]);
    FILE* pipe = popen((command + " 2>/dev/null").c_str(), "r");
    if (pipe == nullptr) throw std::runtime_error("attnbounds-check could not be started");
    std::array<char, 4096> block{};
    while (const std::size_t count = fread(block.data(), 1, block.size(), pipe))
      output.append(block.data(), count);
    pclose(pipe);
    const Json answer = Json::parse(output, nullptr, false);
    if (!answer.is_object() || answer.at("certificates").size() != end - begin)
      throw std::runtime_error("attnbounds-check did not answer for every certificate");
    for (const Json& c : answer.at("certificates")) result.push_back(c);
  }
  return result;
}

}  // namespace

Json proofs_of(const std::string& subject, const std::string& name, const Json& files,
               const std::string& reason) {
  return {{"subject", subject}, {"name", name}, {"files", files}, {"reason", reason}};
}

std::string proof_file(const std::string& subject, const std::string& name) {
  std::string file;
  for (const char c : name)
    file += c == '/' ? '.' : std::isalnum(static_cast<unsigned char>(c)) || std::strchr(".-+=", c) ? c : '_';
  return subject + "/" + file + ".json";
}

RunCertificates::RunCertificates(fs::path directory, fs::path checker)
    : directory_(std::move(directory)), checker_(std::move(checker)) {
  std::error_code error;
  fs::create_directories(directory_, error);
  if (error) throw InputError(directory_.string(), "a directory that can be made", error.message());
}

void RunCertificates::add(const std::string& subject, const std::string& name,
                          const std::vector<fs::path>& files, const std::string& reason) {
  Json list = Json::array();
  for (const fs::path& file : files) list.push_back(fs::relative(file, directory_).string());
  lines_.push_back({{"subject", subject},
                    {"name", name},
                    {"files", list},
                    {"verdict", files.empty() ? "none" : "not checked"},
                    {"reason", files.empty() ? reason : ""}});
}

void RunCertificates::add(const Json& proofs) {
  std::vector<fs::path> files;
  for (const auto& [file, certificate] : proofs.at("files").items()) {
    files.push_back(directory_ / file);
    fs::create_directories(files.back().parent_path());
    write_file_atomically(files.back(), certificate.dump(1) + "\n");
  }
  add(proofs.at("subject"), proofs.at("name"), files, proofs.at("reason"));
}

namespace {

/// The certificate of a kernel's output, in a folder of its own: error at most its bound; of a
/// counterexample, that it exceeds the right side.
std::optional<fs::path> kernel_certificate(const fs::path& folder, const Json& line, const Json& witness,
                                           Of of, const RunSettings& settings) {
  const auto again = drawn_again(claim_by_id(line.at("id")), settings, witness, of);
  if (!again || !again->comparison || !again->comparison->output) return {};
  const Decision decision = again->comparison->decide(again->instance, {}).decision;
  return write_kernel_certificate(folder, *again->comparison->output(again->instance),
                                  decision.verdict == Verdict::refuted
                                      ? std::optional(to_rational(upper(decision.right)))
                                      : std::nullopt);
}

}  // namespace

void RunCertificates::add_instance(const Json& line, Of of, const RunSettings& settings) {
  const std::string id = line.at("id"), subject = of == Of::twin ? "twin" : "claim",
                    name = of == Of::twin ? id + ".twin" : id;
  const Json& part = of == Of::twin ? line.at("twin") : line;
  const Json& witness = part.at(of == Of::twin ? "witness" : "worst_instance");
  const char* relation = part.at("verdict") == "refuted" ? "greater" : "at most";
  const fs::path file = proof_file("claims", name);
  if (const auto c = claim_instance_certificate(id, witness, relation, line.at("constants")))
    return add(proofs_of(subject, id, {{file.string(), *c}}));
  if (const auto c =
          kernel_certificate(directory_ / file.parent_path() / file.stem(), line, witness, of, settings))
    return add(subject, id, {*c});
  add(subject, id, {},
      witness.is_object() ? why_no_certificate(id, witness.at("comparison"))
                          : "the run found no instance to show");
}

void RunCertificates::add_claim(const Json& line, const RunSettings& settings) {
  if (line.at("verdict") != "undecided") add_instance(line, Of::claim, settings);
  if (line.at("twin").at("verdict") == "refuted") add_instance(line, Of::twin, settings);
}

std::vector<Json> RunCertificates::check() {
  std::vector<std::string> files;
  for (const Json& line : lines_)
    for (const Json& file : line.at("files"))
      files.push_back((directory_ / file.get<std::string>()).string());
  if (!checker_.empty()) {
    const std::vector<Json> answers = verdicts(checker_, files);
    std::size_t next = 0;
    for (Json& line : lines_)
      for (std::size_t i = 0; i < line.at("files").size(); ++i) {
        const Json& answer = answers[next++];
        if (line.at("verdict") == "rejected") continue;
        line["verdict"] = answer.at("verdict");
        if (answer.contains("reason")) line["reason"] = answer.at("reason");
      }
  }
  std::string text;
  for (const Json& line : lines_) text += line.dump() + "\n";
  write_file_atomically(directory_ / "certificates.jsonl", text);
  return lines_;
}

fs::path checker_beside_this_program() {
  std::error_code error;
  const fs::path program = fs::read_symlink("/proc/self/exe", error);
  const fs::path checker = program.parent_path() / "attnbounds-check";
  return !error && fs::exists(checker, error) ? checker : fs::path();
}

}  // namespace attnbounds
