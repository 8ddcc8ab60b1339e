#include "catch.hpp"
#include "program.hpp"

TEST_CASE("device-case writes the committed cases again, byte for byte, for any number of threads") {
  for (const std::string kind : {"matrix", "causal", "tensor", "matrix-gradient", "tensor-gradient"}) {
    const TemporaryFolder out;
    const Answer answer =
        run_program("attnbounds", "device-case --kind " + kind +
                                      " --n 20 --d 2 --degree 4 --threads 1 --out " + out.path.string());
    INFO(kind << ": " << answer.errors);
    REQUIRE(answer.status == 0);
    const fs::path committed = fs::path(ATTNBOUNDS_SOURCE_DIR) / "tests/data/cuda" / kind;
    int files = 0;
    for (const auto& file : fs::directory_iterator(committed)) {
      CHECK(contents(file.path()) == contents(out.path / file.path().filename()));
      ++files;
    }
    CHECK(files >= 6);
  }
}

TEST_CASE("device-case refuses what it cannot make, in one line") {
  for (const char* options : {"--n 0", "--d 65", "--degree 41", "--kind pair", "--n"}) {
    const TemporaryFolder out;
    const Answer answer =
        run_program("attnbounds", std::string("device-case ") + options + " --out " + out.path.string());
    CHECK(answer.status == 2);
    CHECK(answer.errors.find('\n') == answer.errors.size() - 1);
  }
}
