// The program of ./mutants: cases, emulated, with the standard library alone. Not part of test_cuda.
#include <cstdio>

#include "driver/cases.hpp"

int main(int count, char** words) {
  try {
    for (int i = 1; i < count; ++i)
      if (const auto report = attnbounds::cuda::check_case(words[i], attnbounds::cuda::Where::emulated);
          !(report.worst <= 1)) {
        std::printf("%s: %g times its bound\n", words[i], report.worst);
        return 1;
      }
  } catch (const std::exception& error) {
    std::printf("%s\n", error.what());
    return 1;
  }
}
