// The command line as values.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace harness {

// The words after the sub-command, sorted into flags with a value, switches, and the rest.
class options {
  public:
    // `with_value` and `switches` are the flags that the sub-command knows; another one, a flag
    // given twice or a missing value throws a failure with exit_code::usage.
    options(const std::vector<std::string> & words, const std::vector<std::string> & with_value,
            const std::vector<std::string> & switches);

    // The flag's value, or `otherwise`.
    std::string value(const std::string & flag, const std::string & otherwise = "") const;
    // The flag's value, which must be there and not empty.
    std::string required(const std::string & flag) const;
    // The flag's value as a number from `least` to 2^31 - 1.
    uint32_t number(const std::string & flag, uint32_t least, uint32_t otherwise) const;
    bool has(const std::string & flag) const;
    // The words that are no flags; their number must be `count`.
    std::vector<std::string> positional(size_t count) const;

  private:
    std::map<std::string, std::string> values_;
    std::vector<std::string> positional_;
};

}  // namespace harness
