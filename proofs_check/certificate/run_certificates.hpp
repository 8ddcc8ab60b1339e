// The certificates of a run: one for every worst instance and every counterexample of a claim that the
// checker's catalogue can evaluate, for every head's attention and least degrees and for every least degree
// of the figure; then the checker's verdict on each. certificates.jsonl, a line a number of the report:
//   {"subject": "claim" | "twin" | "head" | "degree", "name", "files", "verdict", "reason"}
// verdict: "verified" | "rejected" | "not checked" (no checker beside the program) | "none" (not
// expressible).
#pragma once

#include <filesystem>
#include <vector>

#include "proofs_check/run.hpp"

namespace attnbounds {

class RunCertificates {
 public:
  /// `checker`: the program attnbounds-check. Errors: InputError if the directory cannot be made.
  RunCertificates(std::filesystem::path directory, std::filesystem::path checker);

  void add_claim(const Json& line);  // of claims.jsonl
  /// Files made elsewhere, beneath the directory.
  void add(const std::string& subject, const std::string& name,
           const std::vector<std::filesystem::path>& files);
  const std::filesystem::path& directory() const { return directory_; }

  /// Runs the checker over all, writes certificates.jsonl into the directory and returns its lines.
  std::vector<Json> check();

 private:
  void add_instance(const std::string& subject, const Json& line, const Json& witness, const char* relation);
  std::filesystem::path directory_, checker_;
  std::vector<Json> lines_;
};

/// attnbounds-check beside the running program; an empty path if there is none.
std::filesystem::path checker_beside_this_program();

}  // namespace attnbounds
