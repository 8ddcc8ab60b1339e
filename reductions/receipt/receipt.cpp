#include "reductions/receipt/receipt.hpp"

#include <nettle/sha2.h>

#include "numeric/exact_text.hpp"
#include "numeric/files.hpp"
#include "numeric/zoo.hpp"

namespace attnbounds {

std::string sha256(std::string_view bytes) {
  sha256_ctx context;
  sha256_init(&context);
  sha256_update(&context, bytes.size() - (bug(Bug::hash_of_all_but_the_last_byte) && !bytes.empty() ? 1 : 0),
                reinterpret_cast<const std::uint8_t*>(bytes.data()));
  std::uint8_t digest[SHA256_DIGEST_SIZE];
  sha256_digest(&context, sizeof digest, digest);
  std::string text;
  for (const std::uint8_t byte : digest) {
    text += "0123456789abcdef"[byte >> 4];
    text += "0123456789abcdef"[byte & 15];
  }
  return text;
}

nlohmann::ordered_json receipts_json(const std::filesystem::path& folder, const std::vector<Receipt>& steps) {
  nlohmann::ordered_json list = nlohmann::ordered_json::array();
  const auto hashes = [&](const std::vector<std::string>& files) {
    nlohmann::ordered_json result = nlohmann::ordered_json::object();
    for (const std::string& file : files) result[file] = sha256(read_file(folder / file));
    return result;
  };
  for (const Receipt& r : steps)
    list.push_back({{"step", r.step},
                    {"in", hashes(r.in)},
                    {"out", hashes(bug(Bug::hash_of_wrong_file) ? r.in : r.out)},
                    {"parameters", r.parameters},
                    {"yes", r.yes},
                    {"no", r.no},
                    {"gap", r.gap}});
  return {{"format", "attnbounds-receipts"}, {"version", 1}, {"steps", list}};
}

void check_receipts(const std::filesystem::path& folder) {
  const std::filesystem::path path = folder / "receipts.json";
  nlohmann::json receipts;
  try {
    receipts = nlohmann::json::parse(read_file(path));
    for (const auto& step : receipts.at("steps"))
      for (const char* side : {"in", "out"})
        for (const auto& [file, hash] : step.at(side).items()) {
          if (file.empty() || file.find('/') != std::string::npos)
            throw InputError(path.string(), "names of files of this folder", "'" + file + "'");
          const std::string found = sha256(read_file(folder / file));
          if (found != hash.get<std::string>())
            throw InputError((folder / file).string(),
                             "the bytes of its receipt (SHA-256 " + hash.get<std::string>() + ")",
                             "SHA-256 " + found);
        }
  } catch (const nlohmann::json::exception& error) {
    throw InputError(path.string(), "receipts as docs/reductions.md says", error.what());
  }
}

}  // namespace attnbounds
