#include "reductions/cnf/formula.hpp"

#include <algorithm>
#include <optional>
#include <stdexcept>

#include "numeric/exact_text.hpp"
#include "numeric/files.hpp"

namespace attnbounds {
namespace {

constexpr std::string_view kBlank = " \t";

std::string excerpt(std::string_view text) {
  std::string result = "'";
  for (const char c : text.substr(0, 40)) result += c >= ' ' && c <= '~' ? c : '?';
  return result + (text.size() > 40 ? "…'" : "'");
}

/// The words of one line.
class Words {
 public:
  explicit Words(std::string_view line) : line_(line) {}
  std::optional<std::string_view> next() {
    const std::size_t start = line_.find_first_not_of(kBlank, at_);
    if (start == std::string_view::npos) return {};
    at_ = std::min(line_.find_first_of(kBlank, start), line_.size());
    return line_.substr(start, at_ - start);
  }

 private:
  std::string_view line_;
  std::size_t at_ = 0;
};

/// A decimal integer without + and leading zeros, of size at most 2^30; empty if it is anything else.
std::optional<long> integer(std::string_view word) {
  const bool negative = word.starts_with('-');
  const std::string_view digits = word.substr(negative ? 1 : 0);
  if (digits.empty() || digits.size() > 10 || (digits.front() == '0' && word != "0")) return {};
  long value = 0;
  for (const char c : digits) {
    if (c < '0' || c > '9') return {};
    value = 10 * value + (c - '0');
  }
  if (value > kMostVariables) return {};
  return negative ? -value : value;
}

class Reader {
 public:
  Reader(std::string_view text, const std::string& name) : text_(text), name_(name) {}

  Formula formula() {
    for (std::size_t at = 0; at < text_.size();) {
      const std::size_t end = std::min(text_.find('\n', at), text_.size());
      ++line_;
      read_line(text_.substr(at, end - at));
      at = end + 1;
    }
    if (!has_header_) {
      line_ = std::max(line_, 1L);
      fail("a header 'p cnf VARIABLES CLAUSES'", "the end of the file");
    }
    if (!clause_.empty()) fail("0 at the end of the last clause", "the end of the file");
    if (static_cast<long>(formula_.clauses.size()) != declared_)
      fail(std::to_string(declared_) + " clauses, as the header says",
           "the end of the file after " + std::to_string(formula_.clauses.size()));
    return std::move(formula_);
  }

 private:
  void read_line(std::string_view line) {
    for (const char c : line) {
      const auto byte = static_cast<unsigned char>(c);
      if (c == '\r') fail("a line ended by LF alone", "a carriage return (CRLF line ends?)");
      if ((byte < 0x20 && c != '\t') || byte == 0x7f)
        fail("text", "a control character (byte " + std::to_string(byte) + ")");
    }
    if (line.starts_with('c')) return;
    Words words(line);
    std::optional<std::string_view> word = words.next();
    if (!word) return;
    if (in_trailer_) {
      if (*word != "0" || words.next()) fail("nothing but 0 after the line '%'", excerpt(line));
      return;
    }
    if (*word == "p") return read_header(words, line);
    if (!has_header_) fail("a header 'p cnf VARIABLES CLAUSES' before the first clause", excerpt(*word));
    if (*word == "%") {
      if (words.next() || !clause_.empty()) fail("'%' alone, after a whole clause", excerpt(line));
      in_trailer_ = true;
      return;
    }
    for (; word; word = words.next()) read_literal(*word);
  }

  void read_header(Words& words, std::string_view line) {
    if (has_header_) fail("one header", "a second one");
    const auto format = words.next(), variables = words.next(), clauses = words.next();
    if (format != "cnf" || !variables || !clauses || words.next())
      fail("a header 'p cnf VARIABLES CLAUSES'", excerpt(line));
    const auto count = [&](std::string_view word, long most) {
      const std::optional<long> value = integer(word);
      if (!value || *value < 0 || *value > most)
        fail("a count of at most " + std::to_string(most), excerpt(word));
      return *value;
    };
    formula_.variables = count(*variables, kMostVariables);
    declared_ = count(*clauses, kMostClauses);
    has_header_ = true;
  }

  void read_literal(std::string_view word) {
    const std::optional<long> literal = integer(word);
    if (!literal || *literal > formula_.variables || *literal < -formula_.variables)
      fail("a literal from -" + std::to_string(formula_.variables) + " to " +
               std::to_string(formula_.variables) + ", or 0",
           excerpt(word));
    if (static_cast<long>(formula_.clauses.size()) == declared_)
      fail("no more than the " + std::to_string(declared_) + " clauses of the header", "a further clause");
    if (*literal != 0) {
      clause_.push_back(static_cast<int>(*literal));
      return;
    }
    formula_.clauses.push_back(std::move(clause_));
    clause_.clear();
  }

  [[noreturn]] void fail(const std::string& expected, const std::string& found) const {
    throw InputError(name_ + " line " + std::to_string(line_), expected, found);
  }

  std::string_view text_;
  const std::string& name_;
  long line_ = 0, declared_ = 0;
  bool has_header_ = false, in_trailer_ = false;
  Clause clause_;
  Formula formula_;
};

}  // namespace

Formula formula_from_dimacs(std::string_view text, const std::string& name) {
  return Reader(text, name).formula();
}

Formula read_dimacs(const std::filesystem::path& path) {
  return formula_from_dimacs(read_file(path), path.string());
}

std::string dimacs_text(const Formula& formula) {
  std::string text =
      "p cnf " + std::to_string(formula.variables) + " " + std::to_string(formula.clauses.size()) + "\n";
  for (const Clause& clause : formula.clauses) {
    for (const int literal : clause) text += std::to_string(literal) + " ";
    text += "0\n";
  }
  return text;
}

bool satisfies(const Assignment& assignment, const Formula& formula) {
  return std::all_of(formula.clauses.begin(), formula.clauses.end(), [&](const Clause& clause) {
    return std::any_of(clause.begin(), clause.end(),
                       [&](int literal) { return is_true(literal, assignment); });
  });
}

long count_satisfying(const Formula& formula) {
  if (formula.variables > 30) throw std::length_error("exhaustive evaluation takes at most 30 variables");
  long count = 0;
  Assignment assignment(static_cast<std::size_t>(formula.variables));
  for (long x = 0; x < 1L << formula.variables; ++x) {
    for (std::size_t v = 0; v < assignment.size(); ++v) assignment[v] = (x >> v & 1) != 0;
    if (satisfies(assignment, formula)) ++count;
  }
  return count;
}

std::vector<int> literals_of(const Assignment& assignment) {
  std::vector<int> literals;
  for (std::size_t v = 0; v < assignment.size(); ++v)
    literals.push_back(assignment[v] ? static_cast<int>(v + 1) : -static_cast<int>(v + 1));
  return literals;
}

}  // namespace attnbounds
