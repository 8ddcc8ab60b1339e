#include "reductions/orthogonal_vectors/family.hpp"

#include <algorithm>
#include <bit>
#include <charconv>

#include "numeric/exact_text.hpp"

namespace attnbounds {
namespace {

struct Header {
  long arity = 0, count = 0, dimension = 0;
};

Header header_of(std::string_view line, const std::string& place) {
  const auto fail = [&]() -> InputError {
    return {place, "a header 'p ov K N D' with 2 <= K <= 3, N >= 1, D >= 0 and at most 2^33 bits in all",
            "'" + std::string(line.substr(0, 40)) + "'"};
  };
  constexpr std::string_view start = "p ov ";
  if (!line.starts_with(start)) throw fail();
  long values[3];
  const char* at = line.data() + start.size();
  const char* const end = line.data() + line.size();
  for (int i = 0; i < 3; ++i) {
    if (i > 0 && (at == end || *at++ != ' ')) throw fail();
    const auto [next, error] = std::from_chars(at, end, values[i]);
    if (error != std::errc() || values[i] < 0 || values[i] > kMostBits) throw fail();
    at = next;
  }
  const Header h{values[0], values[1], values[2]};
  if (at != end || h.arity < 2 || h.arity > 3 || h.count < 1 ||
      h.count > kMostBits / h.arity / std::max(1L, h.dimension))
    throw fail();
  return h;
}

}  // namespace

BitMatrix::BitMatrix(long row_count, long column_count)
    : rows(row_count),
      columns(column_count),
      words((column_count + 63) / 64),
      bits(static_cast<std::size_t>(row_count * words)) {}

long inner_product(const VectorFamilies& families, const Tuple& tuple) {
  long product = 0;
  for (long w = 0; w < families.families.front().words; ++w) {
    std::uint64_t word = ~std::uint64_t{0};
    for (std::size_t k = 0; k < tuple.size(); ++k) word &= families.families[k].word(tuple[k], w);
    product += std::popcount(word);
  }
  return product;
}

VectorFamilies vectors_from_text(std::string_view text, const std::string& name) {
  long line_number = 0;
  std::size_t at = 0;
  const auto place = [&] { return name + " line " + std::to_string(line_number); };
  const auto next_line = [&](const std::string& expected) {
    ++line_number;
    if (at >= text.size()) throw InputError(place(), expected, "the end of the file");
    const std::size_t end = text.find('\n', at);
    if (end == std::string_view::npos) throw InputError(place(), "a line ended by LF", "the end of the file");
    const std::string_view line = text.substr(at, end - at);
    at = end + 1;
    return line;
  };
  std::string_view line = next_line("a header 'p ov K N D'");
  while (line.starts_with('c')) line = next_line("a header 'p ov K N D'");
  const Header header = header_of(line, place());
  // Every vector has its line, so the file must be this long before memory is asked for.
  const auto needed =
      static_cast<std::size_t>(header.arity * header.count) * static_cast<std::size_t>(header.dimension + 1);
  if (text.size() - at != needed)
    throw InputError(name,
                     std::to_string(needed) + " bytes after the header (" +
                         std::to_string(header.arity * header.count) + " lines of " +
                         std::to_string(header.dimension) + " characters)",
                     std::to_string(text.size() - at));
  VectorFamilies result;
  for (long k = 0; k < header.arity; ++k) {
    BitMatrix family(header.count, header.dimension);
    for (long i = 0; i < header.count; ++i) {
      const std::string expected = std::to_string(header.dimension) + " characters 0 or 1";
      const std::string_view vector = next_line(expected);
      if (static_cast<long>(vector.size()) != header.dimension)
        throw InputError(place(), expected, std::to_string(vector.size()) + " characters");
      for (long c = 0; c < header.dimension; ++c) {
        const char bit = vector[static_cast<std::size_t>(c)];
        if (bit == '1') family.set(i, c);
        else if (bit != '0')
          throw InputError(place(), expected,
                           bit >= ' ' && bit <= '~' ? "'" + std::string(1, bit) + "'" : "another byte");
      }
    }
    result.families.push_back(std::move(family));
  }
  return result;
}

std::string vectors_text(const VectorFamilies& families) {
  std::string text = "p ov " + std::to_string(families.arity()) + " " +
                     std::to_string(families.families.front().rows) + " " +
                     std::to_string(families.dimension()) + "\n";
  for (const BitMatrix& family : families.families)
    for (long i = 0; i < family.rows; ++i) {
      for (long c = 0; c < family.columns; ++c) text += family.at(i, c) ? '1' : '0';
      text += '\n';
    }
  return text;
}

}  // namespace attnbounds
