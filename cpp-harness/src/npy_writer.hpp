// Writes a .npy file row by row: little-endian float32, C order, two dimensions.
#pragma once

#include <string>

#include "file.hpp"

namespace harness {

class npy_writer {
  public:
    // A file of rows x columns numbers that will be called folder/name. It has a temporary name
    // until finish(), and is gone if that is never reached.
    npy_writer(const std::string & folder, const std::string & name, size_t rows, size_t columns);
    ~npy_writer();
    npy_writer(const npy_writer &) = delete;
    npy_writer & operator=(const npy_writer &) = delete;

    void write_row(const float * row);
    void finish();

  private:
    std::string path_;
    std::string temporary_path_;
    file_ptr file_;
    size_t columns_;
    size_t missing_rows_;
};

}  // namespace harness
