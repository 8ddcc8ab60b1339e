// What a bare GPU node does with a case, emulated: cases are read and pass, and what was tampered with does
// not.
#include <filesystem>
#include <fstream>

#include "catch.hpp"
#include "kernels/cuda/driver/cases.hpp"
#include "numeric/files.hpp"

using namespace attnbounds;

namespace {

/// Written by `attnbounds device-case --kind … --n 20 --d 2 --degree 4`.
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
  for (const char* kind : {"matrix", "causal", "tensor", "matrix-gradient", "tensor-gradient"}) {
    const cuda::CaseReport report = cuda::check_case(cases + kind, cuda::Where::emulated);
    INFO(kind);
    CHECK(report.kind == kind);
    CHECK(report.worst <= 1);
    CHECK(report.same_bytes);
  }
}

TEST_CASE("a case fails with another polynomial, a smaller bound, another mask") {
  {
    const Copy copy("matrix");
    copy.replace("case.txt", "coefficients 0xf", "coefficients 0xe");
    const cuda::CaseReport report = copy.check();
    CHECK_FALSE(report.same_bytes);
    CHECK(report.worst > 1);
  }
  {
    const Copy copy("matrix-gradient");
    copy.replace("case.txt", "bound 0x", "bound 0x0.0000000001 0x");
    CHECK(copy.check().worst > 1);
  }
  {
    const Copy copy("causal");
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
    const Copy copy("matrix");
    std::filesystem::resize_file(copy.folder / "k.npy", 200);
    CHECK(message(copy).find("k.npy: expected 40 numbers") != std::string::npos);
  }
  {
    const Copy copy("matrix");
    copy.replace("case.txt", "coefficients", "coefficient");
    CHECK(message(copy).find("case.txt: expected a line 'coefficients …'") != std::string::npos);
  }
  {
    const Copy copy("tensor");
    copy.replace("case.txt", "up 0x", "up x");
    CHECK(message(copy).find("expected a hexadecimal float") != std::string::npos);
  }
  {
    const Copy copy("tensor");
    copy.replace("enclosures.txt", "\n", " 0x1p0\n");
    CHECK(message(copy).find("enclosures.txt: expected") != std::string::npos);
  }
}
