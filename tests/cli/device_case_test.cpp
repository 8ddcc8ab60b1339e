#include "catch.hpp"
#include "program.hpp"

TEST_CASE("device-case writes the committed cases again, byte for byte, for any number of threads") {
  const fs::path cases = fs::path(ATTNBOUNDS_SOURCE_DIR) / "tests/data/cuda";
  for (const auto& committed : fs::directory_iterator(cases)) {
    if (!committed.is_directory()) continue;
    const std::string name = committed.path().filename().string();
    const std::size_t dash = name.rfind('-');
    const std::string kind = name.substr(0, dash);
    const bool causal = kind.find("causal") != std::string::npos;
    const TemporaryFolder out;
    const Answer answer = run_program(
        "attnbounds", "device-case --kind " + kind + " --arithmetic " + name.substr(dash + 1) +
                          (causal ? " --n 270" : " --n 20") + (kind == "matrix" ? " --d 3" : " --d 2") +
                          " --degree 4 --threads 1 --out " + out.path.string());
    INFO(name << ": " << answer.errors);
    REQUIRE(answer.status == 0);
    int files = 0;
    for (const auto& file : fs::directory_iterator(committed.path())) {
      CHECK(contents(file.path()) == contents(out.path / file.path().filename()));
      ++files;
    }
    CHECK(files >= 6);
  }
}

TEST_CASE("device-case refuses what it cannot make, in one line") {
  for (const char* options : {"--n 0", "--d 65", "--degree 41", "--kind pair", "--arithmetic half",
                              "--kind exact --arithmetic mixed", "--n"}) {
    const TemporaryFolder out;
    const Answer answer =
        run_program("attnbounds", std::string("device-case ") + options + " --out " + out.path.string());
    CHECK(answer.status == 2);
    CHECK(answer.errors.find('\n') == answer.errors.size() - 1);
  }
}
