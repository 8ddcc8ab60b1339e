#include "numeric/npy.hpp"

#include <bit>
#include <cmath>
#include <fstream>
#include <limits>
#include <stdexcept>

#include "catch.hpp"
#include "numeric/exact_text.hpp"
#include "numeric/files.hpp"
#include "numeric/random.hpp"

using namespace attnbounds;
namespace fs = std::filesystem;

namespace {

void put(const fs::path& path, const std::string& bytes) {
  std::ofstream(path, std::ios::binary).write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
}

std::string little_endian(std::uint64_t value, int size) {
  std::string result;
  for (int i = 0; i < size; ++i) result += static_cast<char>(value >> 8 * i & 0xff);
  return result;
}

std::string npy(const std::string& header, const std::string& data, int major = 1) {
  return std::string("\x93NUMPY") + static_cast<char>(major) + '\0' +
         little_endian(header.size(), major == 1 ? 2 : 4) + header + data;
}

std::string header(const std::string& descr, const std::string& order, const std::string& shape) {
  return "{'descr': " + descr + ", 'fortran_order': " + order + ", 'shape': " + shape + ", }    \n";
}

std::string doubles(std::initializer_list<double> values) {
  std::string result;
  for (double x : values) result += little_endian(std::bit_cast<std::uint64_t>(x), 8);
  return result;
}

std::string message(const fs::path& path) {
  try {
    read_npy(path);
  } catch (const InputError& error) {
    return error.what();
  }
  return "(accepted)";
}

}  // namespace

TEST_CASE("a matrix written as float64 is read back bit by bit") {
  const TemporaryFolder folder;
  Stream draw(0, "npy/round-trip");
  for (int trial = 0; trial < 50; ++trial) {
    Matrix<double> m(1 + static_cast<Eigen::Index>(draw.below(9)),
                     1 + static_cast<Eigen::Index>(draw.below(9)));
    for (Eigen::Index i = 0; i < m.size(); ++i) do
        m.data()[i] = std::bit_cast<double>(draw.bits());
      while (!std::isfinite(m.data()[i]));
    m(0, 0) = -0.0;
    write_npy(folder.path / "m.npy", m);
    const Matrix<double> back = read_npy(folder.path / "m.npy");
    REQUIRE(back.rows() == m.rows());
    REQUIRE(back.cols() == m.cols());
    for (Eigen::Index i = 0; i < m.size(); ++i)
      REQUIRE(std::bit_cast<std::uint64_t>(back.data()[i]) == std::bit_cast<std::uint64_t>(m.data()[i]));
  }
}

TEST_CASE("a matrix written as float32 is read back rounded to nearest") {
  const TemporaryFolder folder;
  Stream draw(0, "npy/float32");
  const Matrix<double> m = draw.normal_matrix(7, 5);
  write_npy(folder.path / "m.npy", m, NpyType::float32);
  const Matrix<double> back = read_npy(folder.path / "m.npy");
  REQUIRE(back.size() == m.size());
  for (Eigen::Index i = 0; i < m.size(); ++i)
    CHECK(back.data()[i] == static_cast<double>(static_cast<float>(m.data()[i])));
}

TEST_CASE("the bytes written are those that NumPy writes") {
  const TemporaryFolder folder;
  Matrix<double> m(1, 2);
  m << 1, -0.5;
  write_npy(folder.path / "m.npy", m);
  const std::string text = "{'descr': '<f8', 'fortran_order': False, 'shape': (1, 2), }";
  CHECK(read_file(folder.path / "m.npy") ==
        npy(text + std::string(117 - text.size(), ' ') + "\n", doubles({1, -0.5})));
}

TEST_CASE("formats 1.0, 2.0 and 3.0, any order of the keys and float32 are read") {
  const TemporaryFolder folder;
  for (int major : {1, 2, 3}) {
    put(folder.path / "m.npy", npy(header("'<f8'", "False", "(2, 1)"), doubles({1.5, -2}), major));
    const Matrix<double> m = read_npy(folder.path / "m.npy");
    REQUIRE(m.rows() == 2);
    REQUIRE(m.cols() == 1);
    CHECK(m(0, 0) == 1.5);
    CHECK(m(1, 0) == -2);
  }
  put(folder.path / "m.npy", npy("{'shape':(1,2),'fortran_order':False,'descr':'<f4'}",
                                 little_endian(std::bit_cast<std::uint32_t>(0.1f), 4) +
                                     little_endian(std::bit_cast<std::uint32_t>(1e-45f), 4)));
  CHECK(read_npy(folder.path / "m.npy")(0, 0) == static_cast<double>(0.1f));
  CHECK(read_npy(folder.path / "m.npy")(0, 1) == static_cast<double>(1e-45f));
}

TEST_CASE("a heads file of the test data is read") {
  const Matrix<double> q = read_npy(fs::path(ATTNBOUNDS_SOURCE_DIR) / "tests/data/heads/layer0-head2/q.npy");
  CHECK(q.rows() > 1);
  CHECK(q.cols() > 1);
}

TEST_CASE("a malformed npy file is refused with its place, expectation and finding") {
  const TemporaryFolder folder;
  const fs::path path = folder.path / "m.npy";
  const std::string good = header("'<f8'", "False", "(1, 2)");
  const double nan = std::numeric_limits<double>::quiet_NaN(), infinity = HUGE_VAL;
  struct Case {
    std::string bytes, place, found;
  };
  const Case cases[] = {
      {"", "m.npy", "''"},
      {"PK\x03\x04zip archive", "m.npy", "'PK??zi'"},
      {"\x93NUMP", "m.npy", "'?NUMP'"},
      {"\x93NUMPY", "version", "0 bytes"},
      {std::string("\x93NUMPY\x04\x00\x02\x00{}", 12), "version", "4.0"},
      {std::string("\x93NUMPY\x01\x01\x02\x00{}", 12), "version", "1.1"},
      {std::string("\x93NUMPY\x01\x00\x50", 9), "header length", "1 bytes"},
      {npy(good, "").substr(0, 30), "header", "20 bytes"},
      {std::string("\x93NUMPY\x02\x00\xff\xff\xff\xff{}", 14), "header length", "4294967295"},
      {npy("garbage", ""), "header", "'garbage'"},
      {npy("{'descr': '<f8', 'fortran_order': False", ""), "header", "'{'descr'"},
      {npy("{'descr': '<f8', 'fortran_order': False, }", ""), "header", "'{'descr'"},
      {npy("{'descr': '<f8', 'descr': '<f8', 'fortran_order': False, 'shape': (1, 1), }", doubles({1})),
       "header", "'{'descr'"},
      {npy("{'descr': '<f8', 'fortran_order': False, 'shape': (1, 1), 'x': 1}", doubles({1})), "header",
       "'{'descr'"},
      {npy(good + "x", doubles({1, 2})), "header", "'{'descr'"},
      {npy(header("'<i8'", "False", "(1, 2)"), doubles({1, 2})), "dtype", "'<i8'"},
      {npy(header("'<f2'", "False", "(1, 2)"), "1234"), "dtype", "'<f2'"},
      {npy(header("'|O'", "False", "(1, 2)"), "1234"), "dtype", "'|O'"},
      {npy(header("[('x', '<f8'), ('y', '<f8')]", "False", "(1, 2)"), "1234"), "dtype", "('x', '<f8')"},
      {npy(header("'>f8'", "False", "(1, 2)"), doubles({1, 2})), "dtype", "big-endian '>f8'"},
      {npy(header("'<f8'", "True", "(1, 2)"), doubles({1, 2})), "fortran_order", "'True'"},
      {npy(header("'<f8'", "0", "(1, 2)"), doubles({1, 2})), "fortran_order", "'0'"},
      {npy(header("'<f8'", "False", "()"), doubles({1})), "shape", "'()'"},
      {npy(header("'<f8'", "False", "(2,)"), doubles({1, 2})), "shape", "'(2,)'"},
      {npy(header("'<f8'", "False", "(1, 2, 1)"), doubles({1, 2})), "shape", "'(1, 2, 1)'"},
      {npy(header("'<f8'", "False", "(1, -2)"), doubles({1, 2})), "shape", "'(1, -2)'"},
      {npy(header("'<f8'", "False", "(1, 2) + ()"), doubles({1, 2})), "shape", "'(1, 2) + ()'"},
      {npy(header("'<f8'", "False", "(0, 2)"), ""), "shape", "'(0, 2)'"},
      {npy(header("'<f8'", "False", "(2, 0)"), ""), "shape", "'(2, 0)'"},
      {npy(header("'<f8'", "False", "(99999999999999999999, 1)"), doubles({1})), "shape", "'(9999"},
      {npy(header("'<f8'", "False", "(2305843009213693952, 8)"), doubles({1})), "shape", "'(2305"},
      {npy(header("'<f8'", "False", "(200000000000000, 200000000000000)"), doubles({1})), "data", "8 bytes"},
      {npy(header("'<f8'", "False", "(268435456, 268435456)"), ""), "data", "0 bytes"},  // 2^56 * 8 bytes
      {npy(good, doubles({1, 2}).substr(1)), "data", "15 bytes"},
      {npy(good, doubles({1, 2}) + "x"), "data", "17 bytes"},
      {npy(good, doubles({1, nan})), "row 0, column 1", "NaN"},
      {npy(good, doubles({-infinity, 1})), "row 0, column 0", "infinity"},
  };
  for (const Case& c : cases) {
    put(path, c.bytes);
    const std::string text = message(path);
    INFO(text);
    CHECK(text.find(path.string()) == 0);
    CHECK(text.find(c.place) != std::string::npos);
    CHECK(text.find("expected ") != std::string::npos);
    CHECK(text.find("found ") != std::string::npos);
    CHECK(text.find(c.found, text.find("found ")) != std::string::npos);
    CHECK(text.find('\n') == std::string::npos);
  }
  CHECK(message(folder.path / "absent.npy").find("no such file") != std::string::npos);
  CHECK(message(folder.path).find("something else") != std::string::npos);
}

TEST_CASE("every proper prefix of an npy file is refused") {
  const TemporaryFolder folder;
  const std::string whole = npy(header("'<f8'", "False", "(1, 2)"), doubles({1, 2}));
  for (std::size_t size = 0; size < whole.size(); ++size) {
    put(folder.path / "m.npy", whole.substr(0, size));
    CHECK_THROWS_AS(read_npy(folder.path / "m.npy"), InputError);
  }
}

TEST_CASE("what cannot be read back is not written, and the old file stays") {
  const TemporaryFolder folder;
  const fs::path path = folder.path / "m.npy";
  put(path, "old");
  Matrix<double> m = Matrix<double>::Zero(1, 1);
  m(0, 0) = std::nan("");
  CHECK_THROWS_AS(write_npy(path, m), std::domain_error);
  m(0, 0) = 1e39;
  CHECK_THROWS_AS(write_npy(path, m, NpyType::float32), std::domain_error);
  CHECK_THROWS_AS(write_npy(path, Matrix<double>(0, 3)), std::domain_error);
  CHECK(read_file(path) == "old");
}

TEST_CASE("a file is replaced whole, and nothing else is left beside it") {
  const TemporaryFolder folder;
  const fs::path path = folder.path / "text";
  write_file_atomically(path, "one");
  write_file_atomically(path, "two\n");
  CHECK(read_file(path) == "two\n");
  CHECK_THROWS_AS(write_file_atomically(folder.path / "absent" / "text", "x"), InputError);
  CHECK_THROWS_AS(write_file_atomically(folder.path, "x"), InputError);
  CHECK_THROWS_AS(read_file(folder.path / "absent"), InputError);
  fs::create_symlink("text", folder.path / "link");
  write_file_atomically(folder.path / "link", "three");
  CHECK(fs::is_symlink(folder.path / "link"));
  CHECK(read_file(path) == "three");
  CHECK(std::distance(fs::directory_iterator(folder.path), fs::directory_iterator()) == 2);
  write_file_atomically("/dev/null", "x");  // is not replaced by a file
  CHECK_FALSE(fs::is_regular_file("/dev/null"));
}
