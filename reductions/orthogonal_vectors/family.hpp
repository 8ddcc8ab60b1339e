// Families of 0/1 vectors and the orthogonal vectors problem: are there v_1, …, v_K, one of each family, with
// sum_c v_1c … v_Kc = 0? As text:
//   p ov K N D      K families of N vectors of dimension D, then K N lines of D characters 0 or 1,
// family after family; lines that begin with c before the header are comments. Nothing else is accepted.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace attnbounds {

/// Rows of bits, 64 to a word; bits beyond `columns` are 0.
struct BitMatrix {
  long rows = 0, columns = 0, words = 0;  // words of a row
  std::vector<std::uint64_t> bits;

  BitMatrix() = default;
  BitMatrix(long row_count, long column_count);
  bool at(long row, long column) const { return (word(row, column / 64) >> (column % 64) & 1) != 0; }
  void set(long row, long column) {
    bits[static_cast<std::size_t>(row * words + column / 64)] |= std::uint64_t{1} << (column % 64);
  }
  std::uint64_t word(long row, long w) const { return bits[static_cast<std::size_t>(row * words + w)]; }
  bool operator==(const BitMatrix&) const = default;
};

/// One vector of each family.
using Tuple = std::vector<long>;

struct VectorFamilies {
  std::vector<BitMatrix> families;  // K of them, all of one dimension
  long dimension() const { return families.front().columns; }
  long arity() const { return static_cast<long>(families.size()); }
};

/// sum_c of the product of the vectors' c-th bits.
long inner_product(const VectorFamilies& families, const Tuple& tuple);

inline constexpr long kMostBits = 1L << 33;  // of all families: 1 GiB

/// Errors: InputError "NAME line L: expected …, found …".
VectorFamilies vectors_from_text(std::string_view text, const std::string& name);
std::string vectors_text(const VectorFamilies& families);

}  // namespace attnbounds
