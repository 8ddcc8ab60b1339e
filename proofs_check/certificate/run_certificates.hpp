// The certificates of a run: one for every worst instance and every counterexample of a claim that the
// checker's catalogue can evaluate, for every head's attention and least degrees and for every least degree
// of the figure; then the checker's verdict on each. certificates.jsonl, a line a number of the report:
//   {"subject", "name", "files", "verdict", "reason"}
// subject: "claim" | "twin" | "head" | "degree" | "threshold" | "layers" | "hyper-attention"; verdict:
// "verified" | "rejected" | "not checked" (no checker beside the program) | "none"; reason: why rejected, or
// why there is none.
#pragma once

#include <filesystem>
#include <vector>

#include "proofs_check/run.hpp"

namespace attnbounds {

/// The certificates of a number as a task hands them over: `files` by their paths beneath the directory.
Json proofs_of(const std::string& subject, const std::string& name, const Json& files,
               const std::string& reason = {});
/// SUBJECT/NAME.json, in letters that any file system takes.
std::string proof_file(const std::string& subject, const std::string& name);

class RunCertificates {
 public:
  /// `checker`: the program attnbounds-check. Errors: InputError if the directory cannot be made.
  RunCertificates(std::filesystem::path directory, std::filesystem::path checker);

  /// A line of claims.jsonl of a run with these settings.
  void add_claim(const Json& line, const RunSettings& settings);
  /// Files made elsewhere, beneath the directory. `reason`: why there are none.
  void add(const std::string& subject, const std::string& name,
           const std::vector<std::filesystem::path>& files, const std::string& reason = {});
  /// What `proofs_of` made: its files are written here.
  void add(const Json& proofs);
  const std::filesystem::path& directory() const { return directory_; }

  /// Runs the checker over all, writes certificates.jsonl into the directory and returns its lines.
  std::vector<Json> check();

 private:
  void add_instance(const Json& line, Of of, const RunSettings& settings);
  std::filesystem::path directory_, checker_;
  std::vector<Json> lines_;
};

/// attnbounds-check beside the running program; an empty path if there is none.
std::filesystem::path checker_beside_this_program();

}  // namespace attnbounds
