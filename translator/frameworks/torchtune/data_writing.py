def put_data(w): ...


put_length = put_objective = put_packing = put_validation = put_data
