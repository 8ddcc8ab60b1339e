// Hashes and receipts: FIPS 180-4's known answers, and which file a receipt's hash is of.
#include "reductions/receipt/receipt.hpp"

#include "catch.hpp"
#include "numeric/files.hpp"

using namespace attnbounds;

TEST_CASE("SHA-256 gives the known answers of FIPS 180-4") {
  CHECK(sha256("") == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  CHECK(sha256("abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  CHECK(sha256(std::string(1000000, 'a')) ==
        "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

TEST_CASE("receipts name the hashes of the files that a step read and wrote, each its own") {
  const TemporaryFolder folder;
  write_file_atomically(folder.path / "before", "abc");
  write_file_atomically(folder.path / "after", "");
  const auto step =
      receipts_json(folder.path, {{"a step", {"before"}, {"after"}, {}, "yes", "no", "1"}}).at("steps").at(0);
  CHECK(step.at("in") == nlohmann::ordered_json{{"before", sha256("abc")}});
  CHECK(step.at("out") == nlohmann::ordered_json{{"after", sha256("")}});
}
