// What a bare GPU node does with a case, emulated: cases are read and pass, and what was tampered with does
// not.
#include <filesystem>
#include <fstream>

#include "catch.hpp"
#include "kernels/cuda/driver/cases.hpp"
#include "numeric/files.hpp"

using namespace attnbounds;

namespace {

/// Written by `tests/data/cuda/make`.
const std::string cases = std::string(ATTNBOUNDS_SOURCE_DIR) + "/tests/data/cuda/";

struct Copy {
  std::filesystem::path folder = std::filesystem::temp_directory_path() / "attnbounds_cuda_case";
  explicit Copy(const std::string& kind) {
    std::filesystem::remove_all(folder);
    std::filesystem::copy(cases + kind, folder);
  }
  ~Copy() { std::filesystem::remove_all(folder); }
  void replace(const char* file, const std::string& old, const std::string& with) const {
    std::string text = read_file(folder / file);
    const std::size_t at = text.find(old);
    REQUIRE(at != std::string::npos);
    write_file_atomically(folder / file, text.replace(at, old.size(), with));
  }
  cuda::CaseReport check() const { return cuda::check_case(folder.string(), cuda::Where::emulated); }
};

}  // namespace

TEST_CASE("every kind of case passes: within its bound of the enclosures, with the bytes it was made with") {
  int checked = 0;
  for (const auto& entry : std::filesystem::directory_iterator(cases)) {
    if (!entry.is_directory()) continue;
    const cuda::CaseReport report = cuda::check_case(entry.path().string(), cuda::Where::emulated);
    INFO(entry.path().string());
    CHECK(entry.path().filename().string() == report.kind + "-" + report.arithmetic);
    CHECK(report.worst <= 1);
    CHECK(report.same_bytes);
    ++checked;
  }
  CHECK(checked == 21);
}

TEST_CASE("a case fails with another polynomial, a smaller bound, another mask") {
  {
    const Copy copy("matrix-double");
    copy.replace("case.txt", "coefficients 0xf", "coefficients 0xe");
    const cuda::CaseReport report = copy.check();
    CHECK_FALSE(report.same_bytes);
    CHECK(report.worst > 1);
  }
  {
    const Copy copy("matrix-gradient-double");
    copy.replace("case.txt", "bound 0x", "bound 0x0.0000000001 0x");
    CHECK(copy.check().worst > 1);
  }
  {
    const Copy copy("causal-double");
    copy.replace("case.txt", "kind causal", "kind matrix");
    CHECK(copy.check().worst > 1);
  }
}

TEST_CASE("damaged files of a case are refused with file and expectation") {
  const auto message = [](const Copy& copy) {
    try {
      copy.check();
    } catch (const std::runtime_error& error) {
      return std::string(error.what());
    }
    return std::string("accepted");
  };
  {
    const Copy copy("matrix-double");
    std::filesystem::resize_file(copy.folder / "k.npy", 200);
    CHECK(message(copy).find("k.npy: expected 60 numbers") != std::string::npos);
  }
  {
    const Copy copy("matrix-double");
    copy.replace("case.txt", "coefficients", "coefficient");
    CHECK(message(copy).find("case.txt: expected a line 'coefficients …'") != std::string::npos);
  }
  {
    const Copy copy("tensor-double");
    copy.replace("case.txt", "up 0x", "up x");
    CHECK(message(copy).find("expected a hexadecimal float") != std::string::npos);
  }
  {
    const Copy copy("tensor-double");
    copy.replace("case.txt", "arithmetic double", "arithmetic float");
    CHECK(message(copy).find("numbers that are floats") != std::string::npos);
  }
  {
    const Copy copy("tensor-double");
    copy.replace("case.txt", "arithmetic double", "arithmetic half");
    CHECK(message(copy).find("arithmetic: expected double, float or mixed") != std::string::npos);
  }
  {
    const Copy copy("tensor-double");
    copy.replace("enclosures.txt", "\n", " 0x1p0\n");
    CHECK(message(copy).find("enclosures.txt: expected") != std::string::npos);
  }
}
