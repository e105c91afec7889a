


MatMul

Log1p