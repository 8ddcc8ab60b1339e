// Receipts: what each arrow of a reduction read, wrote and promises, so that a program that is not the
// producer can re-check it. receipts.json of a folder:
//   {"format": "attnbounds-receipts", "version": 1, "steps": [{"step", "in": {file: sha256}, "out": {file:
//    sha256}, "parameters": {…}, "yes", "no", "gap"}]}
// `yes` says what makes a yes stay a yes, `no` what makes a no stay a no. SHA-256 (FIPS 180-4) by Nettle.
#pragma once

#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

namespace attnbounds {

/// 64 hexadecimal digits.
std::string sha256(std::string_view bytes);

struct Receipt {
  std::string step;
  std::vector<std::string> in, out;  // files of the folder
  nlohmann::ordered_json parameters;
  std::string yes, no, gap;
};

nlohmann::ordered_json receipts_json(const std::filesystem::path& folder, const std::vector<Receipt>& steps);

/// Compares the hashes in receipts.json with the files, and each step's input with what an earlier step wrote
/// or the folder's source. Errors: InputError naming the file that differs or is missing.
void check_receipts(const std::filesystem::path& folder);

}  // namespace attnbounds
